# SPDX-License-Identifier: Apache-2.0
"""One valid token, and forgeries of it by a single change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pytest

from github_oidc import JWKSet, TokenError, VerifiedClaims, Verifier
from github_oidc.testing import FakeIssuer, SigningKey

__all__ = ["ABSENT", "AUDIENCE", "ISSUER", "NOW", "Forge"]

ISSUER: Final = "https://issuer.example"
AUDIENCE: Final = "my-api"
NOW: Final = 1_700_000_000.0

ABSENT: Final = object()
"""As the value of a member: the member is left out."""


def changed(
    members: Mapping[str, object], changes: Mapping[str, object]
) -> dict[str, object]:
    together = {**members, **changes}
    return {name: value for name, value in together.items() if value is not ABSENT}


@dataclass(frozen=True)
class Forge:
    """Mints tokens that its verifier accepts at NOW, unless one thing is changed."""

    key: SigningKey

    @cached_property
    def issuer(self) -> FakeIssuer:
        return FakeIssuer(ISSUER, clock=lambda: NOW, signing_key=self.key)

    @cached_property
    def keys(self) -> JWKSet:
        return JWKSet.from_dict({"keys": [self.key.jwk()]})

    def header(self, **changes: object) -> dict[str, object]:
        valid = {"typ": "JWT", "alg": self.key.algorithm, "kid": self.key.kid}
        return changed(valid, changes)

    def claims(self, **changes: object) -> dict[str, object]:
        valid = {
            "iss": ISSUER,
            "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
            "aud": AUDIENCE,
            "iat": NOW,
            "exp": NOW + 300,
        }
        return changed(valid, changes)

    def token(
        self,
        header: Mapping[str, object] | str | bytes | None = None,
        payload: Mapping[str, object] | str | bytes | None = None,
        /,
        **claims: object,
    ) -> str:
        """A token that is signed well, whatever its header and payload hold."""
        return self.issuer.encode(
            self.header() if header is None else header,
            self.claims(**claims) if payload is None else payload,
        )

    def verify(
        self,
        token: str,
        *,
        now: float = NOW,
        keys: JWKSet | None = None,
        **settings: Any,
    ) -> VerifiedClaims:
        rules = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "algorithms": [self.key.algorithm],
            **settings,
        }
        return Verifier(**rules).verify(token, keys=keys or self.keys, now=now)

    def refusal(self, token: str, **settings: Any) -> TokenError:
        """The error with which the token is refused."""
        with pytest.raises(TokenError) as caught:
            self.verify(token, **settings)
        return caught.value

    def reason(self, token: str, **settings: Any) -> tuple[str, str | None]:
        """The code and the claim of the refusal."""
        error = self.refusal(token, **settings)
        return error.code, error.claim
