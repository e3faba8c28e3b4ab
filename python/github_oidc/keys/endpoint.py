# SPDX-License-Identifier: Apache-2.0
"""Reading an issuer's documents over HTTP, from a peer that may be hostile.

No redirect is followed, no compression is accepted, and every response is bounded in
size and time. What goes wrong becomes an UnavailableError that names the host and the
fault, and never holds any of the response.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Final

import httpx

from ..errors import ConfigurationError, UnavailableError
from ..issuers import Issuer
from .location import host_of, jwks_uri_in, metadata_url

__all__ = ["Endpoint", "FetchLimits", "NotFoundError", "Transport", "Verify"]

Transport = httpx.AsyncBaseTransport | httpx.BaseTransport
Verify = bool | str | PathLike[str] | ssl.SSLContext

# GitHub's key set and metadata together are about 5 KiB.
MAX_JWKS_BYTES: Final = 256 * 1024
MAX_METADATA_BYTES: Final = 64 * 1024

_MEDIA_TYPES: Final = frozenset(
    # Some content networks serve JSON as text or as bytes; HTML is a login page.
    {"", "text/plain", "text/json", "application/octet-stream", "binary/octet-stream"}
)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Seconds: for a whole fetch, for one step of it, and that a request waits."""

    total_s: float = 10
    step_s: float = 5
    wait_s: float = 5


class NotFoundError(UnavailableError):
    """The issuer answered 404: its keys may have moved."""


class Endpoint:
    """Where one issuer's documents are read from, and by which way.

    Raises:
        ConfigurationError: certificates would not be checked, cannot be read, or a
            transport of the caller's is combined with settings for another one.
    """

    def __init__(
        self,
        issuer: Issuer,
        *,
        transport: Transport | None = None,
        proxy: str | None = None,
        verify: Verify = True,
        limits: FetchLimits | None = None,
    ) -> None:
        if transport is not None and (proxy is not None or verify is not True):
            raise ConfigurationError(
                "transport= makes the connections: give it proxy and verify instead"
            )
        if proxy is not None:
            _require_proxy(proxy)
        self.issuer: Final = issuer
        self.limits: Final = limits or FetchLimits()
        self._transport = _borrowed(transport)
        self._proxy = proxy
        # The default store takes tens of milliseconds to load: the fetch does that.
        self._context = None if verify is True else _context(verify)

    def through(self, transport: Transport) -> Endpoint:
        """The same documents by way of another transport, unless this one is given."""
        if self._transport is not None:
            return self
        return Endpoint(self.issuer, transport=transport, limits=self.limits)

    def client(self) -> httpx.AsyncClient:
        """A client for one fetch. Nothing stays connected for a fork to share."""
        timeout = httpx.Timeout(self.limits.step_s)
        headers = {
            "Accept": "application/jwk-set+json, application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "github-oidc",
        }
        if self._transport is not None:
            return httpx.AsyncClient(
                transport=self._transport,
                headers=headers,
                timeout=timeout,
                trust_env=False,
            )
        if self._context is None:
            self._context = httpx.create_ssl_context()
        # http names this machine: HTTP_PROXY would ask another one, or choose the keys.
        direct = {"http://": httpx.AsyncHTTPTransport(verify=self._context)}
        return httpx.AsyncClient(
            verify=self._context,
            proxy=self._proxy,
            mounts=direct if self._proxy is None else None,
            headers=headers,
            timeout=timeout,
        )

    async def read_metadata(self, client: httpx.AsyncClient) -> str:
        """The ``jwks_uri`` of the issuer's provider metadata.

        Raises:
            UnavailableError: as Endpoint.read_keys and jwks_uri_in.
        """
        url = metadata_url(self.issuer.issuer)
        response = await _get(client, url, MAX_METADATA_BYTES)
        return jwks_uri_in(response.body, issuer=self.issuer.issuer)

    async def read_keys(self, client: httpx.AsyncClient, jwks_uri: str) -> Response:
        """The text of the issuer's JWK Set, not yet parsed.

        Raises:
            UnavailableError: ``keys_unavailable`` or ``response_too_large``.
        """
        return await _get(client, jwks_uri, MAX_JWKS_BYTES)


@dataclass(frozen=True, slots=True)
class Response:
    """A body within its limit, and the Cache-Control beside it."""

    body: bytes
    cache_control: str


async def _get(client: httpx.AsyncClient, url: str, limit: int) -> Response:
    host = host_of(url)
    try:
        async with client.stream("GET", url, follow_redirects=False) as response:
            _check_head(response, host, limit)
            body = await _body(response, host, limit)
            return Response(body, response.headers.get("Cache-Control", ""))
    except UnavailableError:
        raise
    except httpx.TimeoutException:
        fault = "did not answer in time"
    except httpx.ProxyError:
        fault = "could not be reached through the proxy"
    except (httpx.ConnectError, ssl.SSLError) as error:
        untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
        fault = "has no trusted certificate" if untrusted else "could not be reached"
    except httpx.ProtocolError:
        fault = "broke the HTTP protocol"
    except Exception as error:  # noqa: BLE001 - the caller's transport raises what it likes
        fault = f"could not be read ({type(error).__name__})"
    raise _unavailable(host, fault)


async def _body(response: httpx.Response, host: str, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise _too_large(host, limit)
    return bytes(body)


def _check_head(response: httpx.Response, host: str, limit: int) -> None:
    status = response.status_code
    if status == 404:
        raise NotFoundError("keys_unavailable", None, f"{host} answered 404")
    if 300 <= status < 400:
        raise _unavailable(host, f"answered {status}, and redirects are not followed")
    if status != 200:
        raise _unavailable(host, f"answered {status}")
    headers = response.headers
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _unavailable(host, "compressed its answer unasked")
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES and not (
        media_type.startswith("application/") and media_type.endswith(("json", "+json"))
    ):
        raise _unavailable(host, "answered with something else than JSON")
    length = headers.get("Content-Length", "")
    # Digits enough to exceed any limit need no conversion.
    if len(length) > 9 or (length.isdecimal() and int(length) > limit):
        raise _too_large(host, limit)


def _unavailable(host: str, fault: str) -> UnavailableError:
    return UnavailableError("keys_unavailable", None, f"{host} {fault}")


def _too_large(host: str, limit: int) -> UnavailableError:
    return UnavailableError(
        "response_too_large", None, f"{host} sent more than {limit // 1024} KiB"
    )


def _require_proxy(proxy: str) -> None:
    # The value stays out of the sentence and of the chain: it may hold a password.
    try:
        httpx.Proxy(proxy)
    except (httpx.InvalidURL, AttributeError, TypeError, ValueError):
        raise ConfigurationError(
            "proxy= must be an http, https or socks5 URL"
        ) from None


def _context(verify: Verify) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        if verify.verify_mode != ssl.CERT_REQUIRED or not verify.check_hostname:
            raise ConfigurationError("verify= must check certificates and host names")
        return verify
    if isinstance(verify, bool):
        raise ConfigurationError(
            "verify= cannot be switched off: pass the path of the CA's certificates"
        )
    try:
        return ssl.create_default_context(cafile=fspath(verify))
    except (OSError, TypeError, ValueError):
        raise ConfigurationError(
            "verify= must be a readable file of PEM certificates, or an SSLContext"
        ) from None


def _borrowed(transport: Transport | None) -> httpx.AsyncBaseTransport | None:
    if transport is None:
        return None
    if isinstance(transport, httpx.AsyncBaseTransport):
        return _Borrowed(transport)
    if isinstance(transport, httpx.BaseTransport):
        return _InThread(transport)
    raise ConfigurationError("transport= must be an httpx transport")


class _Borrowed(httpx.AsyncBaseTransport):
    """The caller's transport, which a client of ours must not close."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


class _InThread(httpx.AsyncBaseTransport):
    """The caller's synchronous transport, called on a daemon thread of its own.

    A pool's threads would be joined at exit, and a transport that hangs with them.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[httpx.Response] = loop.create_future()

        def settle(outcome: httpx.Response | Exception) -> None:
            if answer.done():
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        def call() -> None:
            try:
                outcome: httpx.Response | Exception = self._read(request, answer)
            except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
                outcome = error
            # Where the loop is closed, nobody waits on it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=call, name="github-oidc-transport", daemon=True).start()
        return await answer

    def _read(
        self, request: httpx.Request, answer: asyncio.Future[httpx.Response]
    ) -> httpx.Response:
        response = self._transport.handle_request(request)
        body = bytearray()
        try:
            if isinstance(response.stream, httpx.SyncByteStream):
                for chunk in response.stream:
                    body += chunk
                    if len(body) > MAX_JWKS_BYTES or answer.done():
                        break
        finally:
            response.close()
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(bytes(body)),
        )
