# SPDX-License-Identifier: Apache-2.0
"""One request to the job's token endpoint, tried again where that can help.

Nothing here raises while a frame holds a secret outside ``Secret``: exceptions of
httpx carry the request with its headers, and JSON errors carry the text that was read,
so that both are turned into a value where they are caught, and none is ever chained.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

import anyio
import httpx

from ..errors import ActionsTokenError, ConfigurationError, GithubOIDCError
from .cutoff import CutOff
from .environment import TokenEndpoint
from .retry import Timing, Tries
from .token import ActionsToken, Secret, is_compact_jws, mask, unverified_lifetime_s

__all__ = ["check_audience", "mint", "mint_async", "token_url"]

_MAX_RESPONSE_BYTES: Final = 64 * 1024
_MAX_AUDIENCE_CHARACTERS: Final = 1024
_RETRY_AFTER: Final = re.compile(r"[0-9]{1,6}")
_TRANSIENT: Final = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
)

_SETUP_FAULTS: Final = (httpx.InvalidURL, ImportError, OSError, ValueError)

_CHECK: Final[dict[int, str]] = {
    400: "The endpoint may not accept this audience.",
    401: "The request token is valid as long as its job runs, and only there.",
    403: "Check that the job has `id-token: write` and is still running.",
    404: "Check that ACTIONS_ID_TOKEN_REQUEST_URL is what the runner set.",
}
_REDIRECT: Final = "Redirects are not followed: they would carry the request token."


@dataclass(frozen=True, slots=True)
class _Fault:
    """A try without an answer: the exception's class, never its text."""

    name: str
    transient: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """A try's answer: its status, and the token or what is wrong with the body."""

    status: int
    token: Secret | None = None
    problem: str = "the status is not 200"
    retry_after_s: float = 0.0


def check_audience(audience: object) -> None:
    """Refuse what no verifier could expect.

    Raises:
        ConfigurationError: the audience is empty, too long or not text.
    """
    if not isinstance(audience, str) or not audience.strip():
        raise ConfigurationError(
            "audience names the service that the token is for: the text which that "
            "service expects in the token's aud claim, and not an empty one"
        )
    encodable = not any("\ud800" <= character <= "\udfff" for character in audience)
    if len(audience) > _MAX_AUDIENCE_CHARACTERS or not encodable:
        raise ConfigurationError(
            f"audience is Unicode text of at most {_MAX_AUDIENCE_CHARACTERS} characters"
        )


def token_url(request_url: str, audience: str) -> httpx.URL:
    """The request URL with the audience as its only ``audience`` parameter.

    The query is parsed and encoded again, so that a URL with any query works, and one
    with none; what its other parameters mean is kept.
    """
    url = httpx.URL(request_url)
    # surrogateescape keeps the escapes that are not UTF-8.
    given = parse_qsl(
        url.query.decode("ascii"), keep_blank_values=True, errors="surrogateescape"
    )
    kept = [(name, value) for name, value in given if name != "audience"]
    query = urlencode(
        [*kept, ("audience", audience)], quote_via=quote, errors="surrogateescape"
    )
    return url.copy_with(query=query.encode("ascii"))


def mint(
    endpoint: TokenEndpoint,
    audience: str,
    *,
    timing: Timing,
    transport: httpx.BaseTransport | None = None,
) -> ActionsToken:
    """Ask for a token, and mask it in the job's log.

    Raises:
        ActionsTokenError: ``token_request_refused``, ``token_request_failed`` or
            ``malformed_token_response``.
        ConfigurationError: a variable that httpx reads is of no use.
    """
    found = _mint(endpoint, audience, timing, transport)
    if isinstance(found, GithubOIDCError):
        raise found
    return found


async def mint_async(
    endpoint: TokenEndpoint,
    audience: str,
    *,
    timing: Timing,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ActionsToken:
    """As ``mint``, for asyncio and Trio."""
    found = await _mint_async(endpoint, audience, timing, transport)
    if isinstance(found, GithubOIDCError):
        raise found
    return found


def _mint(
    endpoint: TokenEndpoint,
    audience: str,
    timing: Timing,
    transport: httpx.BaseTransport | None,
) -> ActionsToken | ActionsTokenError | ConfigurationError:
    try:
        client = httpx.Client(transport=transport, trust_env=_trust_env(endpoint))
    except _SETUP_FAULTS as failure:
        return _no_client(failure)
    tries = Tries(timing)
    try:
        while True:
            began = timing.clock()
            request = _request(endpoint, audience, tries.next_timeout_s())
            outcome = _try(client, request, timing)
            verdict = _judge(outcome, tries, endpoint)
            if isinstance(verdict, Secret):
                return _minted(verdict, endpoint, began)
            if isinstance(verdict, ActionsTokenError):
                return verdict
            timing.sleep(verdict)
    finally:
        if transport is None:  # a given one belongs to the caller
            client.close()


async def _mint_async(
    endpoint: TokenEndpoint,
    audience: str,
    timing: Timing,
    transport: httpx.AsyncBaseTransport | None,
) -> ActionsToken | ActionsTokenError | ConfigurationError:
    try:
        client = httpx.AsyncClient(transport=transport, trust_env=_trust_env(endpoint))
    except _SETUP_FAULTS as failure:
        return _no_client(failure)
    tries = Tries(timing)
    try:
        while True:
            began = timing.clock()
            request = _request(endpoint, audience, tries.next_timeout_s())
            outcome = await _try_async(client, request)
            verdict = _judge(outcome, tries, endpoint)
            if isinstance(verdict, Secret):
                return _minted(verdict, endpoint, began)
            if isinstance(verdict, ActionsTokenError):
                return verdict
            await timing.sleep_async(verdict)
    finally:
        if transport is None:
            await client.aclose()


def _trust_env(endpoint: TokenEndpoint) -> bool:
    # A plain request to this machine would hand the request token to HTTP_PROXY.
    return endpoint.origin.scheme == "https"


def _no_client(failure: Exception) -> ConfigurationError:
    # Not the exception's text: a proxy's URL may hold a password.
    return ConfigurationError(
        "httpx cannot be set up; look at HTTPS_PROXY, ALL_PROXY, NO_PROXY, "
        f"SSL_CERT_FILE and SSL_CERT_DIR ({type(failure).__name__})"
    )


def _request(endpoint: TokenEndpoint, audience: str, timeout_s: float) -> httpx.Request:
    return httpx.Request(
        "GET",
        token_url(endpoint.url.reveal(), audience),
        headers={
            "Authorization": f"Bearer {endpoint.request_token.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": _user_agent(),
        },
        extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
    )


def _user_agent() -> str:
    try:
        return f"github-oidc/{importlib.metadata.version('github-oidc')}"
    except importlib.metadata.PackageNotFoundError:
        return "github-oidc"


def _try(
    client: httpx.Client, request: httpx.Request, timing: Timing
) -> _Answer | _Fault:
    limit_s = request.extensions["timeout"]["read"]
    until = timing.clock() + limit_s
    with CutOff(limit_s) as cut_off:
        request.extensions["trace"] = cut_off.trace
        outcome = _read(client, request, timing, until)
    if cut_off.over and isinstance(outcome, _Fault):
        return _Fault("ReadTimeout", transient=True)
    return outcome


def _read(
    client: httpx.Client, request: httpx.Request, timing: Timing, until: float
) -> _Answer | _Fault:
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            for chunk in response.iter_bytes() if _is_wanted(response) else ():
                body += chunk
                if timing.clock() > until:
                    return _Fault("ReadTimeout", transient=True)
                if len(body) > _MAX_RESPONSE_BYTES:
                    break
            return _answer(response, bytes(body))
        finally:
            response.close()
    except (httpx.HTTPError, httpx.StreamError) as failure:
        return _fault(failure)


async def _try_async(
    client: httpx.AsyncClient, request: httpx.Request
) -> _Answer | _Fault:
    outcome: _Answer | _Fault = _Fault("ReadTimeout", transient=True)
    with anyio.move_on_after(request.extensions["timeout"]["read"]):
        try:
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                if _is_wanted(response):
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > _MAX_RESPONSE_BYTES:
                            break
                outcome = _answer(response, bytes(body))
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.StreamError) as failure:
            outcome = _fault(failure)
    return outcome


def _is_wanted(response: httpx.Response) -> bool:
    """Whether the body is read: not of errors, and not what would be decompressed."""
    encoding = response.headers.get("Content-Encoding", "identity")
    return response.status_code == 200 and encoding == "identity"


def _fault(failure: Exception) -> _Fault:
    """What is safe to keep of an exception of httpx."""
    cause: BaseException | None = failure
    for _ in range(8):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Fault("SSLCertVerificationError", transient=False)
        cause = (cause.__cause__ or cause.__context__) if cause is not None else None
    return _Fault(type(failure).__name__, isinstance(failure, _TRANSIENT))


def _answer(response: httpx.Response, body: bytes) -> _Answer:
    status = response.status_code
    if status != 200:
        after = response.headers.get("Retry-After", "")
        wait_s = float(after) if _RETRY_AFTER.fullmatch(after) else 0.0
        return _Answer(status, retry_after_s=wait_s)
    if not _is_wanted(response):
        return _Answer(status, problem="the body is compressed, against the request")
    if len(body) > _MAX_RESPONSE_BYTES:
        return _Answer(status, problem="the body is larger than 64 KiB")
    try:
        value = json.loads(body)["value"]
    except (ValueError, TypeError, LookupError, RecursionError):
        value = None
    if not isinstance(value, str):
        return _Answer(status, problem="the body is not JSON with a member `value`")
    if not is_compact_jws(value):
        return _Answer(status, problem="the value is no compact JWS of at most 16 KiB")
    return _Answer(status, token=Secret(value))


def _judge(
    outcome: _Answer | _Fault, tries: Tries, endpoint: TokenEndpoint
) -> Secret | ActionsTokenError | float:
    """The token, the error that ends the request, or the seconds to wait."""
    if isinstance(outcome, _Fault):
        transient, last, wait_s = outcome.transient, outcome.name, 0.0
    else:
        status = outcome.status
        if outcome.token is not None:
            return outcome.token
        transient = status == 429 or status >= 500
        last, wait_s = f"HTTP status {status}", outcome.retry_after_s
        if not transient:
            return _refused(outcome)
    delay_s = tries.next_delay_s(wait_s) if transient else None
    if delay_s is not None:
        return delay_s
    waits = f", which asks to wait {wait_s:.0f} s" if wait_s else ""
    detail = (
        f"{endpoint.origin}: {tries.made} of at most 5 tries in "
        f"{tries.elapsed_s:.1f} s, the last one: {last}{waits}."
    )
    if last == "SSLCertVerificationError":
        detail += " Name the certificate authority's file in SSL_CERT_FILE."
    return ActionsTokenError("token_request_failed", detail=detail)


def _refused(answer: _Answer) -> ActionsTokenError:
    status = answer.status
    if 200 <= status < 300:
        detail = f"HTTP status {status}: {answer.problem}."
        return ActionsTokenError("malformed_token_response", detail=detail)
    check = _REDIRECT if status < 400 else _CHECK.get(status, "")
    detail = f"HTTP status {status}. {check}".rstrip()
    return ActionsTokenError("token_request_refused", detail=detail)


def _minted(token: Secret, endpoint: TokenEndpoint, began: float) -> ActionsToken:
    if endpoint.on_actions:
        mask(token)
    return ActionsToken(token, began + unverified_lifetime_s(token))
