# SPDX-License-Identifier: Apache-2.0
"""What a fake issuer answers over HTTP: one function for the transport and the socket.

===========  ======  ==========================================================
endpoint     method  answers with
===========  ======  ==========================================================
metadata     GET     the provider metadata (OpenID Connect Discovery 4.2)
jwks         GET     the JWK Set, with its ``max-age``
token        GET     ``{"count", "value"}``, as the Actions token endpoint does
mint         POST    the same for any claims; only where development asks for it
===========  ======  ==========================================================
"""

from __future__ import annotations

import hmac
import json
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from .issuer import FakeIssuer

__all__ = [
    "ACTIONS_PATH",
    "MINT_PATH",
    "Endpoint",
    "Endpoints",
    "Request",
    "Response",
    "is_loopback",
    "origin_of",
]

Endpoint = Literal["metadata", "jwks", "token", "mint"]

ACTIONS_PATH: Final = "/actions/id-token"
MINT_PATH: Final = "/dev/mint"
_METHODS: Final = {"metadata": "GET", "jwks": "GET", "token": "GET", "mint": "POST"}
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Request:
    """One HTTP request, as far as an endpoint looks at it.

    Attributes:
        method: in upper case.
        target: an absolute URL, or path and query where only one host is served.
        headers: names in lower case.
        body: the whole content.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Response:
    """One HTTP response, without its Content-Length."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class _Failure:
    endpoint: Endpoint | None
    response: Response | None


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``; "" for a bare path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def is_loopback(host: str) -> bool:
    """Whether ``host``, with a port or without, names this machine."""
    return urlsplit(f"//{host}").hostname in _LOOPBACK


def _answer(status: int, body: object, **headers: str) -> Response:
    octets = json.dumps(body, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json", **named}, octets)


def _refuse(status: int, message: str, **headers: str) -> Response:
    return _answer(status, {"message": message}, **headers)


def _token_answer(token: str) -> Response:
    body = {"count": len(token), "value": token}
    return _answer(200, body, cache_control="no-store")


class Endpoints:
    """The endpoints of one issuer, their counts, and failures on demand.

    Safe to use from several threads.
    """

    def __init__(self, issuer: FakeIssuer) -> None:
        self._issuer = issuer
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._failures: deque[_Failure] = deque()
        self.may_mint = False

    @property
    def counts(self) -> Counter[str]:
        """Requests so far by endpoint, as a copy. A name without requests counts 0."""
        with self._lock:
            return self._counts.copy()

    def fail(self, times: int, endpoint: Endpoint | None, as_: Response | None) -> None:
        """Answer the next ``times`` requests to ``endpoint`` (None: any) otherwise."""
        with self._lock:
            self._failures.extend([_Failure(endpoint, as_)] * times)

    def answer(self, request: Request) -> Response | None:
        """The response, or None where the connection is to break."""
        endpoint = self._find(request.target)
        with self._lock:
            self._counts[endpoint or "other"] += 1
            for failure in self._failures:
                if failure.endpoint in (None, endpoint):
                    self._failures.remove(failure)
                    return failure.response
        if endpoint is None:
            return _refuse(404, "no such endpoint")
        if request.method != _METHODS[endpoint]:
            return _refuse(405, "method not allowed", allow=_METHODS[endpoint])
        return self._respond(endpoint, request)

    def _find(self, target: str) -> Endpoint | None:
        issuer, origin, path = self._issuer, origin_of(target), urlsplit(target).path
        routes: dict[Endpoint, str] = {
            "metadata": issuer.metadata_url,
            "jwks": issuer.jwks_uri,
            "token": issuer.actions_url,
        }
        if self.may_mint:
            routes["mint"] = issuer.base_url + MINT_PATH
        for endpoint, url in routes.items():
            if path == urlsplit(url).path and origin in ("", origin_of(url)):
                return endpoint
        return None

    def _respond(self, endpoint: Endpoint, request: Request) -> Response:
        issuer = self._issuer
        max_age = f"public, max-age={issuer.max_age_s}"
        if endpoint == "metadata":
            return _answer(200, issuer.metadata(), cache_control=max_age)
        if endpoint == "jwks":
            return _answer(200, issuer.jwks(), cache_control=max_age)
        return self._token(request) if endpoint == "token" else self._mint(request)

    def _token(self, request: Request) -> Response:
        authorization = request.headers.get("authorization", "")
        scheme, _, presented = authorization.partition(" ")
        if scheme.lower() != "bearer" or not presented:
            return _refuse(401, "no request token", www_authenticate="Bearer")
        expected = self._issuer.request_token
        if not hmac.compare_digest(presented.encode(), expected.encode()):
            return _refuse(403, "not this job's request token")
        query = parse_qs(urlsplit(request.target).query)
        audiences = query.get("audience", [None])
        if len(audiences) != 1:
            return _refuse(400, "more than one audience")
        return _token_answer(self._issuer.mint(audiences[0]))

    def _mint(self, request: Request) -> Response:
        # A web page cannot send this content type to another origin unasked, and a
        # host name that was pointed at this machine is not a loopback name.
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json" or not is_loopback(
            request.headers.get("host", "")
        ):
            return _refuse(403, "JSON, and to a loopback address, only")
        try:
            wish = json.loads(request.body)
            token = self._issuer.mint(
                wish.get("audience"),
                lifetime=wish.get("lifetime", 300),
                immutable_subject=wish.get("immutable_subject", False),
                **wish.get("claims", {}),
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            return _refuse(400, "not a request to mint")
        return _token_answer(token)
