# SPDX-License-Identifier: Apache-2.0
"""`OIDC` with the settings of GitHub's issuers."""

import os
from collections.abc import Mapping
from os import PathLike
from typing import Final

from ..claims import GithubOIDCClaims
from ..errors import ConfigurationError
from ..issuers import GITHUB_ISSUER, Issuer, github_issuer
from ..keys import KeySource
from ..keys.endpoint import Transport, Verify
from .dependency import OIDC, OpenAPIScheme, warn_of_open_door

__all__ = ["GithubOIDC"]

_AUDIENCE_VARIABLE: Final = "GITHUB_OIDC_AUDIENCE"


class GithubOIDC(OIDC[GithubOIDCClaims]):
    """A FastAPI security scheme: lets in jobs of GitHub Actions.

    ::

        @app.post("/deploy")
        async def deploy(claims: GithubOIDCClaims = Security(GithubOIDC())): ...

    It authenticates only. On github.com everyone can obtain a token for any audience,
    so the route has to look at the claims (``repository_id`` first of all).

    Args:
        audience: who the tokens must be meant for, or several. None: the environment
            variable ``GITHUB_OIDC_AUDIENCE``. It never comes from the request.
        issuer: the issuer identifier, compared exactly (RFC 7519 4.1.1).
        ghes: instead of ``issuer``, the host of a GitHub Enterprise Server.
        enterprise: instead of ``issuer``, the slug of an enterprise whose tokens carry
            it.
        ghe: instead of ``issuer``, the subdomain of an enterprise with data residency:
            ``"acme"`` for acme.ghe.com; ``enterprise`` may be added.
        allow_any_workflow: silences the warning that everyone is let in.

    The other settings, attributes and errors are those of `OIDC`.
    """

    def __init__(
        self,
        *,
        audience: str | list[str] | tuple[str, ...] | None = None,
        issuer: str | Issuer = GITHUB_ISSUER,
        ghes: str | None = None,
        enterprise: str | None = None,
        ghe: str | None = None,
        allow_any_workflow: bool = False,
        leeway: float = 30,
        max_age: float | None = None,
        auto_error: bool = True,
        unauthenticated_status: int = 401,
        openapi_scheme: OpenAPIScheme = "openIdConnect",
        scheme_name: str | None = None,
        description: str | None = None,
        keys: KeySource | None = None,
        jwks: Mapping[str, object] | None = None,
        jwks_file: str | PathLike[str] | None = None,
        jwks_uri: str | None = None,
        transport: Transport | None = None,
        proxy: str | None = None,
        verify: Verify = True,
    ) -> None:
        if not (ghes is None and enterprise is None and ghe is None):
            if issuer != GITHUB_ISSUER:
                raise ConfigurationError(
                    "leave issuer= out: ghes=, enterprise= and ghe= name the issuer"
                )
            issuer = github_issuer(ghes=ghes, enterprise=enterprise, ghe=ghe)
        super().__init__(
            issuer=issuer,
            audience=_audience_or_environment(audience),
            claims=GithubOIDCClaims,
            leeway=leeway,
            max_age=max_age,
            # The warning of this class names its own setting.
            allow_anyone=True,
            auto_error=auto_error,
            unauthenticated_status=unauthenticated_status,
            openapi_scheme=openapi_scheme,
            scheme_name=scheme_name,
            description=description,
            keys=keys,
            jwks=jwks,
            jwks_file=jwks_file,
            jwks_uri=jwks_uri,
            transport=transport,
            proxy=proxy,
            verify=verify,
        )
        if self._issuer.shared and not allow_any_workflow:
            warn_of_open_door(self._issuer, "allow_any_workflow", stacklevel=3)


def _audience_or_environment(
    audience: str | list[str] | tuple[str, ...] | None,
) -> str | list[str] | tuple[str, ...]:
    if audience is not None:
        return audience
    if configured := os.environ.get(_AUDIENCE_VARIABLE):
        return configured
    raise ConfigurationError(
        'GithubOIDC needs an audience: pass audience="..." or set the environment '
        f"variable {_AUDIENCE_VARIABLE}"
    )
