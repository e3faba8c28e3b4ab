# SPDX-License-Identifier: Apache-2.0
"""A signing key per algorithm for the whole run."""

from __future__ import annotations

import pytest

from github_oidc.testing import ALGORITHMS, SigningKey

from .forge import Forge


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, SigningKey]:
    """One key per algorithm; the RSA algorithms share a private key: it is slow."""
    rsa = SigningKey.generate("RS256")
    return {
        name: SigningKey(name, f"kid-{name}", rsa.private_key)
        if name[:2] in {"RS", "PS"}
        else SigningKey.generate(name, kid=f"kid-{name}")
        for name in ALGORITHMS
    }


@pytest.fixture(scope="session")
def forge(signing_keys: dict[str, SigningKey]) -> Forge:
    return Forge(signing_keys["RS256"])
