# SPDX-License-Identifier: Apache-2.0
"""The FastAPI dependency that lets in the bearers of verified ID Tokens."""

# No `from __future__ import annotations` here: FastAPI reads the signature of
# __call__ from the instance, which has no module to look annotations up in.
import warnings
from collections.abc import Mapping
from os import PathLike
from typing import Any, Final, Generic, Literal

from fastapi.openapi.models import HTTPBearer, SecurityBase
from fastapi.openapi.models import OpenIdConnect as OpenIdConnectScheme
from fastapi.security import OpenIdConnect, SecurityScopes
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from typing_extensions import TypeVar

from ..claims import ClaimsReader, RegisteredClaims
from ..errors import (
    ConfigurationError,
    GithubOIDCError,
    NotAllowedError,
    OpenDoorWarning,
)
from ..issuers import Issuer, issuer_of
from ..keys import KeySource
from ..keys.endpoint import Transport, Verify
from ..verifier import Verifier
from .answers import answer_for, refusal
from .bearer import authorization_values, bearer_token
from .openapi import ISSUER_EXTENSION, documented_answers

__all__ = ["OIDC", "OpenAPIScheme"]

ClaimsT = TypeVar("ClaimsT", bound=BaseModel, default=RegisteredClaims)

OpenAPIScheme = Literal["openIdConnect", "bearer"]

_VERDICTS: Final = "github_oidc.verdicts"


class _Verdict:
    """What a request was told, and upon which Authorization headers.

    Whoever answers several requests under copies of one scope, each with headers of its
    own, would otherwise let the later ones in by the token of the first. There is no
    repr: the headers hold the token.
    """

    __slots__ = ("outcome", "presented")

    def __init__(self, presented: list[bytes], outcome: Any) -> None:
        self.presented: Final = presented
        self.outcome: Final = outcome


# FastAPI 0.115 documents scopes for its own OpenIdConnect and OAuth2 classes only.
class OIDC(OpenIdConnect, Generic[ClaimsT]):
    """A FastAPI security scheme: lets in whoever bears an ID Token of one issuer.

    ``claims: MyClaims = Security(OIDC(issuer=..., audience=..., claims=MyClaims))``
    works in HTTP and WebSocket routes, sync and async, and on routers. It
    authenticates only: an operation that asks for scopes is refused with 403, since
    nothing grants any.

    Threads, event loops and applications may share one instance.

    Args:
        issuer: the issuer identifier, compared exactly (RFC 7519 4.1.1).
        audience: who the tokens must be meant for, or several (RFC 7519 4.1.3).
        claims: the pydantic model that a route receives, such as RegisteredClaims or
            a subclass. A verified token that does not fit it is refused.
        algorithms: the signature algorithms that are accepted (RFC 8725 3.1).
        leeway: seconds of clock skew that are forgiven.
        max_age: seconds after ``iat`` for which a token is accepted; None: ``exp``
            alone decides.
        allow_other_audiences: accept a token that names further audiences.
        types: accepted ``typ`` values (RFC 8725 3.11).
        allow_anyone: silences the warning for an issuer that strangers share.
        auto_error: False gives the route None where no Bearer credential was
            presented. One that is refused is an error all the same.
        unauthenticated_status: 401, or 403, where no credential was presented.
        openapi_scheme: how OpenAPI shows it: ``"openIdConnect"``, or ``"bearer"``,
            with which the Authorize button of /docs takes a token.
        scheme_name: its name in OpenAPI; the class's name by default.
        description: its description in OpenAPI.
        keys: where the keys come from, instead of the settings that follow.
        jwks: the JWK Set itself; nothing is fetched.
        jwks_file: the path of the JWK Set.
        jwks_uri: where the JWK Set is, instead of asking the provider metadata.
        transport: the httpx transport to fetch with.
        proxy: the URL of the HTTP proxy to fetch through.
        verify: the CA to trust: True (the usual ones), a path, or an SSLContext.

    Attributes:
        model: the security scheme of OpenAPI, for FastAPI.
        scheme_name: its name there, for FastAPI.

    Raises:
        ConfigurationError: a setting is missing, empty, unknown or contradictory.

    Warns:
        OpenDoorWarning: strangers can obtain tokens of this issuer too.
    """

    model: SecurityBase
    scheme_name: str

    def __init__(
        self,
        *,
        issuer: str | Issuer,
        audience: str | list[str] | tuple[str, ...],
        claims: type[ClaimsT] = RegisteredClaims,  # type: ignore[assignment]
        algorithms: tuple[str, ...] = ("RS256",),
        leeway: float = 30,
        max_age: float | None = None,
        allow_other_audiences: bool = False,
        types: tuple[str, ...] = ("JWT",),
        allow_anyone: bool = False,
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
        self._issuer: Final = issuer_of(issuer)
        if not isinstance(audience, str | list | tuple):
            # AUDIENCE_FROM_POLICY among others: no policy stands behind this door.
            raise ConfigurationError("audience= must be a text, or a list of texts")
        self._verifier: Final = Verifier(
            issuer=self._issuer.issuer,
            audience=audience,
            algorithms=algorithms,
            leeway=leeway,
            max_age=max_age,
            allow_other_audiences=allow_other_audiences,
            types=types,
        )
        if not _is_model(claims):
            raise ConfigurationError("claims= must be a pydantic model class")
        self._reader: Final = ClaimsReader(claims)
        settings = {
            "jwks": jwks,
            "jwks_file": jwks_file,
            "jwks_uri": jwks_uri,
            "transport": transport,
            "proxy": proxy,
            "verify": verify,
        }
        self._keys: Final = _key_source(self._issuer, keys, settings)
        if unauthenticated_status not in (401, 403):
            raise ConfigurationError("unauthenticated_status= must be 401 or 403")
        self._unauthenticated_status: Final = unauthenticated_status
        self.auto_error = auto_error
        self.model = _security_scheme(openapi_scheme, self._issuer, description)
        self.scheme_name = scheme_name or type(self).__name__
        if self._issuer.shared and not allow_anyone:
            warn_of_open_door(self._issuer, "allow_anyone", stacklevel=3)

    @property
    def responses(self) -> dict[int | str, dict[str, Any]]:
        """What a refused caller gets, for ``FastAPI(responses=oidc.responses)``.

        `install_openapi` documents the same, at protected operations only.
        """
        return documented_answers()

    async def warm_up(self) -> None:
        """Fetches the keys, so that the first request does not wait for them.

        Meant for the application's lifespan. Requests fetch them too where this has
        failed or was not called.

        Raises:
            UnavailableError: the keys cannot be had at the moment.
        """
        await self._keys.warm_up()

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, security_scopes: SecurityScopes
    ) -> ClaimsT | None:
        """The claims of the request's token; None as ``auto_error`` says.

        Raises:
            HTTPException: 400, 401, 403 or 503, as RFC 6750 3 has them.
            WebSocketException: the same, where only closing is possible.
        """
        verdict = await self._verdict(connection)
        if not isinstance(verdict, GithubOIDCError):
            if not security_scopes.scopes:
                return verdict
            verdict = NotAllowedError("insufficient_scope")
        elif verdict.code == "missing_token" and not self.auto_error:
            return None
        answer = answer_for(
            verdict,
            scopes=security_scopes.scopes,
            unauthenticated_status=self._unauthenticated_status,
            retry_after_s=self._keys.retry_after_s,
        )
        raise await refusal(connection, answer) from None

    async def _verdict(self, connection: HTTPConnection) -> ClaimsT | GithubOIDCError:
        """One per request: a router's and a route's dependency share it."""
        presented = authorization_values(connection.scope["headers"])
        verdicts: dict[object, _Verdict]
        verdicts = connection.scope.setdefault(_VERDICTS, {})
        known = verdicts.get(self)
        if known is None or known.presented != presented:
            known = _Verdict(presented, await self._decide(presented))
            verdicts[self] = known
        outcome: ClaimsT | GithubOIDCError = known.outcome
        return outcome

    async def _decide(self, presented: list[bytes]) -> ClaimsT | GithubOIDCError:
        """The claims, or why there are none.

        An error is returned and not raised: a frame of its traceback holds the token,
        and whoever prints local variables with a traceback would print that.
        """
        try:
            token = bearer_token(presented)
            claims = await self._keys.verify(token, self._verifier)
            return self._reader.read(claims)
        except GithubOIDCError as error:
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._verifier!r}>"


def warn_of_open_door(issuer: Issuer, setting: str, *, stacklevel: int) -> None:
    """Warns that this issuer's signature alone keeps nobody out."""
    warnings.warn(
        f"anyone can obtain a token of {issuer.issuer} for any audience, so this lets "
        f"in everyone: check in the route who the claims name, or use an issuer of "
        f"your own; {setting}=True silences this warning",
        OpenDoorWarning,
        stacklevel=stacklevel,
    )


def _is_model(claims: object) -> bool:
    return isinstance(claims, type) and issubclass(claims, BaseModel)


def _key_source(
    issuer: Issuer, keys: KeySource | None, settings: dict[str, Any]
) -> KeySource:
    if keys is None:
        return KeySource(issuer, **settings)
    unused = {"verify": True}
    given = [name for name, value in settings.items() if value is not unused.get(name)]
    if given:
        raise ConfigurationError(f"keys= and {given[0]}= exclude each other")
    if keys.issuer != issuer.issuer:
        raise ConfigurationError("keys= belongs to another issuer than issuer=")
    return keys


def _security_scheme(
    kind: OpenAPIScheme, issuer: Issuer, description: str | None
) -> SecurityBase:
    scheme: SecurityBase
    if kind == "openIdConnect":
        url = f"{issuer.issuer}/.well-known/openid-configuration"
        scheme = OpenIdConnectScheme(openIdConnectUrl=url, description=description)
    elif kind == "bearer":
        scheme = HTTPBearer(bearerFormat="JWT", description=description)
    else:
        raise ConfigurationError('openapi_scheme= is "openIdConnect" or "bearer"')
    # OpenAPI lets a scheme carry extensions; by this one install_openapi knows ours.
    setattr(scheme, ISSUER_EXTENSION, issuer.issuer)
    return scheme
