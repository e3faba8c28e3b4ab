# SPDX-License-Identifier: Apache-2.0
"""pytest fixtures for what trusts CI tokens.

Importing this module loads neither ``cryptography`` nor ``httpx``: pytest imports it
in every run of an environment that has the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .issuer import FakeIssuer
    from .signing import SigningKey

__all__ = ["github_actions", "github_issuer", "github_signing_key", "github_token"]


@pytest.fixture(scope="session")
def github_signing_key() -> SigningKey:
    """An RS256 key for the whole session: making one takes 50 to 300 ms."""
    from .signing import SigningKey

    return SigningKey.generate("RS256")


@pytest.fixture
def github_issuer(github_signing_key: SigningKey) -> Iterator[FakeIssuer]:
    """A `FakeIssuer` that stands in for GitHub's issuer in the whole process.

    Routes that verify with ``GithubOIDC(audience=...)`` accept its tokens for the
    length of the test, and no other's; nothing is fetched from GitHub.
    """
    from ..issuers import GITHUB_ISSUER
    from .issuer import FakeIssuer

    issuer = FakeIssuer(GITHUB_ISSUER, signing_key=github_signing_key)
    try:
        with issuer.installed():
            yield issuer
    finally:
        issuer.stop()


class _MintToken:
    """``github_token("my-api", repository="acme/app")``: see `FakeIssuer.mint`."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self._issuer = issuer

    def __call__(self, audience: object = None, /, **claims: object) -> str:
        return self._issuer.mint(audience, **claims)  # type: ignore[arg-type]

    def header(self, audience: object = None, /, **claims: object) -> dict[str, str]:
        """The token as the headers of a request."""
        return {"Authorization": f"Bearer {self(audience, **claims)}"}


@pytest.fixture
def github_token(github_issuer: FakeIssuer) -> _MintToken:
    """Mints tokens: ``github_token("my-api", ref="refs/tags/v1")``."""
    return _MintToken(github_issuer)


@pytest.fixture
def github_actions(
    github_issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> FakeIssuer:
    """The test runs as a GitHub Actions job with ``id-token: write``.

    The Actions token endpoint listens on a loopback socket, and the environment
    names it. Its tokens have the claims of ``github_actions.job``.
    """
    github_issuer.start()
    for variable, value in github_issuer.actions_environment().items():
        monkeypatch.setenv(variable, value)
    return github_issuer
