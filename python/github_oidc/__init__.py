# SPDX-License-Identifier: Apache-2.0
"""Trust a CI job without a stored secret.

The doors are ``github_oidc.server``, ``github_oidc.client`` and
``github_oidc.testing``. Here are the parts that they stand on, loaded when used, so
that a door takes no more than it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import ConfigurationError, GithubOIDCError, TokenError
    from .issuers import GITHUB_ISSUER
    from .keys import KeySource
    from .verifier import AUDIENCE_FROM_POLICY, JWKSet, VerifiedClaims, Verifier

__all__ = [
    "AUDIENCE_FROM_POLICY",
    "GITHUB_ISSUER",
    "ConfigurationError",
    "GithubOIDCError",
    "JWKSet",
    "KeySource",
    "TokenError",
    "VerifiedClaims",
    "Verifier",
]

_HOME = {
    "AUDIENCE_FROM_POLICY": "verifier",
    "ConfigurationError": "errors",
    "GITHUB_ISSUER": "issuers",
    "GithubOIDCError": "errors",
    "JWKSet": "verifier",
    "KeySource": "keys",
    "TokenError": "errors",
    "VerifiedClaims": "verifier",
    "Verifier": "verifier",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
