# SPDX-License-Identifier: Apache-2.0
"""Protect FastAPI routes with OpenID Connect ID Tokens.

::

    from fastapi import FastAPI, Security
    from github_oidc.server import GithubOIDC, GithubOIDCClaims

    app = FastAPI()

    @app.get("/")
    async def root(claims: GithubOIDCClaims = Security(GithubOIDC())):
        return claims
"""

from ..claims import GithubOIDCClaims, RegisteredClaims

# Before those that import FastAPI: where it is missing, this says so in one sentence.
from . import _installation  # noqa: F401
from .dependency import OIDC
from .github import GithubOIDC
from .openapi import install_openapi

__all__ = [
    "OIDC",
    "GithubOIDC",
    "GithubOIDCClaims",
    "RegisteredClaims",
    "install_openapi",
]
