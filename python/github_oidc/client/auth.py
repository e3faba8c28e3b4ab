# SPDX-License-Identifier: Apache-2.0
"""Authentication for httpx with a token that is renewed as it ages."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Final
from weakref import WeakKeyDictionary

import anyio
import httpx
from anyio.lowlevel import RunVar

from ..errors import ActionsTokenError, ConfigurationError, GithubOIDCError
from .environment import TokenEndpoint, token_endpoint
from .origin import Origin
from .request import check_audience, mint, mint_async
from .retry import Timing
from .token import ActionsToken

__all__ = ["ActionsAuth"]

_RENEW_BEFORE_S: Final = 60.0

# An event loop's own locks. One lock for several loops would block one of them while a
# task of the other mints.
_LOOP_LOCKS: Final[RunVar[WeakKeyDictionary[ActionsAuth, anyio.Lock]]] = RunVar(
    "github_oidc.client.auth"
)


class ActionsAuth(httpx.Auth):
    """Authenticates httpx requests as the GitHub Actions job that sends them.

    ::

        client = httpx.AsyncClient(auth=ActionsAuth("my-api"))

    Make one and share it: threads, tasks and event loops may use it at once, and one
    request for a token serves all that wait for it (one for each event loop, and one
    for all threads). A token is used again until less than 60 seconds of it are left.

    An answer of 401 renews the token and repeats the request, once, if its body is
    held in memory (``content=`` bytes or text, ``data=``, ``json=``, or none). Streams
    and ``files=`` cannot be sent twice: the 401 is returned, and the next request gets
    a new token.

    The token goes to one origin (scheme, host and port) over https, or over http to
    this machine. httpx asks no ``Auth`` about redirects: it drops the header on the way
    to another origin, except from http to https on the default ports of one host, and
    that host can only be this machine. Where HTTP_PROXY is set, give a client that
    speaks http to this machine ``trust_env=False``, or the proxy sees the token.

    Args:
        audience: the service that the token is for.
        origin: where the token may go, such as ``https://api.example.com``. Without it
            that is the origin of the first request.
        transport: what carries the requests for tokens instead of the network.

    Raises:
        ConfigurationError: an argument cannot be meant. Also raised by a request, where
            the variables of the job cannot be meant.
        ActionsTokenError: raised by a request: ``foreign_origin`` or ``insecure_url``
            before anything is sent, and the codes of ``get_actions_token``.
    """

    def __init__(
        self,
        audience: str,
        *,
        origin: str | None = None,
        transport: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_audience(audience)
        self._audience = audience
        self._origin = None if origin is None else Origin.parse(origin)
        self._transport = transport
        self._timing = Timing()
        self._token: ActionsToken | None = None
        self._failures = 0
        self._failure: tuple[str, str | None, str | None] = ("", None, None)
        self._pid = os.getpid()
        self._minting = threading.Lock()
        self._binding = threading.Lock()

    def __repr__(self) -> str:
        origin = None if self._origin is None else str(self._origin)
        return f"{type(self).__name__}({self._audience!r}, origin={origin!r})"

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request of ``httpx.Client``, and again after a 401."""
        self._admit(request)
        token = self._fresh_token()
        response = yield _signed(request, token)
        if not self._is_refused(response, token) or not _can_repeat(request):
            return
        token = self._fresh_token()
        response = yield _signed(request, token)
        self._is_refused(response, token)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign a request of ``httpx.AsyncClient``, and again after a 401."""
        self._admit(request)
        token = await self._fresh_token_async()
        response = yield _signed(request, token)
        if not self._is_refused(response, token) or not _can_repeat(request):
            return
        token = await self._fresh_token_async()
        response = yield _signed(request, token)
        self._is_refused(response, token)

    def _admit(self, request: httpx.Request) -> None:
        """Refuse every request that must not carry the token."""
        origin = Origin.of(request.url)
        if not origin.is_secure:
            detail = f"{origin} is neither https nor this machine."
            raise ActionsTokenError("insecure_url", detail=detail)
        with self._binding:
            if self._origin is None:
                self._origin = origin
        if origin != self._origin:
            detail = f"The token is for {self._origin}, the request for {origin}."
            raise ActionsTokenError("foreign_origin", detail=detail)

    def _is_refused(self, response: httpx.Response, token: ActionsToken) -> bool:
        """Whether this token was refused; then it is not used again.

        After a redirect the answer can come from elsewhere, which never saw the token.
        """
        sent = response.request.headers.get("Authorization") == token.header()
        if response.status_code != 401 or not sent:
            return False
        if self._token is token:
            self._token = None
        return True

    def _kept(self) -> ActionsToken | None:
        token = self._token
        if token is None:
            return None
        left_s = token.expires - self._timing.clock()
        return token if left_s >= _RENEW_BEFORE_S else None

    def _fresh_token(self) -> ActionsToken:
        failures = self._failures
        if (token := self._kept()) is not None:
            return token
        with self._one_thread():
            if (token := self._kept()) is not None:
                return token
            endpoint, transport = self._source(failures), self._transport
            if not (transport is None or isinstance(transport, httpx.BaseTransport)):
                raise ConfigurationError("transport is for httpx.AsyncClient only")
            with self._noting_failure():
                self._token = token = mint(
                    endpoint, self._audience, timing=self._timing, transport=transport
                )
            return token

    async def _fresh_token_async(self) -> ActionsToken:
        failures = self._failures
        if (token := self._kept()) is not None:
            return token
        async with self._loop_lock():
            if (token := self._kept()) is not None:
                return token
            endpoint, transport = self._source(failures), self._transport
            if isinstance(transport, httpx.BaseTransport) and not isinstance(
                transport, httpx.AsyncBaseTransport
            ):
                raise ConfigurationError("transport is for httpx.Client only")
            with self._noting_failure():
                self._token = token = await mint_async(
                    endpoint, self._audience, timing=self._timing, transport=transport
                )
            return token

    def _source(self, failures: int) -> TokenEndpoint:
        """Where to mint, unless a mint failed while this request waited for it.

        Every waiting request would otherwise spend a whole deadline on its own, one
        after the other.
        """
        if self._failures != failures:
            raise ActionsTokenError(*self._failure)
        endpoint = token_endpoint(os.environ)
        if isinstance(endpoint, GithubOIDCError):
            raise endpoint
        return endpoint

    @contextlib.contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except ActionsTokenError as failure:
            # Not the exception: its traceback would keep the frames alive.
            self._failure = (failure.code, failure.claim, failure.detail)
            self._failures += 1
            raise

    @contextlib.contextmanager
    def _one_thread(self) -> Iterator[None]:
        if self._pid != os.getpid():
            # The thread that held the lock at the fork does not exist here.
            self._pid, self._minting = os.getpid(), threading.Lock()
        lock = self._minting
        # Bounded, since a signal handler can interrupt the holder: minting twice is
        # better than waiting for ever.
        held = lock.acquire(timeout=2 * self._timing.deadline_s)
        try:
            yield
        finally:
            if held:
                lock.release()

    def _loop_lock(self) -> anyio.Lock:
        try:
            locks = _LOOP_LOCKS.get()
        except LookupError:
            locks = WeakKeyDictionary()
            _LOOP_LOCKS.set(locks)
        return locks.setdefault(self, anyio.Lock())


def _signed(request: httpx.Request, token: ActionsToken) -> httpx.Request:
    request.headers["Authorization"] = token.header()
    return request


def _can_repeat(request: httpx.Request) -> bool:
    # Other streams are spent after the first time, and some then look empty instead
    # of saying so: the service would act on a request without its body.
    return isinstance(request.stream, httpx.ByteStream)
