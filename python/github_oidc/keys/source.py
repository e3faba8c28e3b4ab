# SPDX-License-Identifier: Apache-2.0
"""KeySource: verification with an issuer's keys, wherever they come from."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Final

from ..errors import ConfigurationError, TokenError, UnavailableError
from ..issuers import Issuer, issuer_of
from ..verifier import VerifiedClaims, Verifier
from .cache import Fetch, KeyCache, Snapshot, shared_caches
from .endpoint import Endpoint, FetchLimits, Transport, Verify
from .location import require_issuer, require_url
from .pinned import FileKeys, PinnedKeys

__all__ = ["KeySource", "KeySourceStatus", "forget_keys", "override_transport"]


@dataclass(frozen=True, slots=True)
class KeySourceStatus:
    """How an issuer's keys are doing, at one moment.

    Attributes:
        issuer: the issuer identifier.
        keys: number of usable keys; zero when requests are answered with 503.
        age_s: seconds since they came; None without keys, and for keys pinned by
            ``jwks=``.
        stale: they are past their life, and used because newer ones cannot be had.
        last_error: the code of the last attempt to read them, if it failed.
        retry_after_s: seconds until another attempt may be made.
    """

    issuer: str
    keys: int
    age_s: float | None
    stale: bool
    last_error: str | None
    retry_after_s: int


class KeySource:
    """Verifies tokens with their issuer's keys, which it fetches when it must.

    Everyone in the process who reads an issuer's keys in the same way shares one cache
    and one fetch. A token whose key is known never waits. An unknown key, or a first
    request, waits up to 5 s for the shared fetch. While fetches fail, the last good
    keys serve for 24 h after they came. Nothing is fetched before the first request or
    warm-up; from then on they are kept fresh, with or without requests. Any thread,
    task and event loop may use one source, and it survives a fork.

    Args:
        issuer: the exact issuer identifier, https (http for loopback hosts only).
        jwks: the issuer's JWK Set; nothing is fetched then.
        jwks_file: a file that holds it, read again when it changes.
        jwks_uri: where it is fetched from, without asking the provider metadata.
            github.com's is known.
        transport: makes the HTTP requests instead of ours, on another thread and event
            loop than the caller's; synchronous ones are called on a thread.
        proxy: URL of a proxy; without it the environment decides (``HTTPS_PROXY``)
            for https, and http, which is for loopback hosts, takes none.
        verify: path of the CA certificates to trust, or an ``ssl.SSLContext``.

    Raises:
        ConfigurationError: a setting is unusable or contradicts another.
        KeySetError: ``jwks`` or ``jwks_file`` holds no usable JWK Set.
    """

    def __init__(
        self,
        issuer: str | Issuer,
        *,
        jwks: Mapping[str, object] | None = None,
        jwks_file: str | PathLike[str] | None = None,
        jwks_uri: str | None = None,
        transport: Transport | None = None,
        proxy: str | None = None,
        verify: Verify = True,
        _clock: Callable[[], float] = time.monotonic,
        _limits: FetchLimits | None = None,
    ) -> None:
        known = _issuer(issuer)
        self._issuer: Final = known.issuer
        self._clock: Final = _clock
        self._limits: Final = _limits or FetchLimits()
        if sum(value is not None for value in (jwks, jwks_file, jwks_uri)) > 1:
            raise ConfigurationError("pass one of jwks=, jwks_file= and jwks_uri=")
        offline = jwks is not None or jwks_file is not None
        if offline and (transport or proxy or verify is not True):
            raise ConfigurationError(
                "transport=, proxy= and verify= have no use with pinned keys"
            )
        self._keys: KeyCache | PinnedKeys | FileKeys
        if jwks is not None:
            self._keys = PinnedKeys(known.issuer, jwks)
        elif jwks_file is not None:
            self._keys = FileKeys(known.issuer, jwks_file, _clock)
        else:
            if jwks_uri is not None:
                require_url("jwks_uri", jwks_uri)
                known = Issuer(known.issuer, jwks_uri)
            endpoint = Endpoint(
                known,
                transport=transport,
                proxy=proxy,
                verify=verify,
                limits=self._limits,
            )
            # Objects by identity: equality is theirs to define, and may be anything.
            trust = (
                fspath(verify) if isinstance(verify, (str, PathLike)) else id(verify)
            )
            identity = (known, id(transport), proxy, trust, self._limits, _clock)
            self._keys = shared_caches.get(identity, endpoint, _clock)
            self._keys.serve(self)

    async def verify(self, token: str, verifier: Verifier) -> VerifiedClaims:
        """Verifies one token; awaits only where keys must be fetched first.

        Returns:
            What ``verifier.verify`` returns.

        Raises:
            TokenError: the token is refused (401).
            UnavailableError: the keys cannot be had at the moment (503).
        """
        snapshot = self._keys.current
        if snapshot is None or not snapshot.fresh(self._clock()):
            snapshot = self._required(await self._ask())
        try:
            return verifier.verify(token, keys=snapshot.keys)
        except TokenError as refused:
            if refused.code != "unknown_key":
                raise
        newer = await self._ask(lacking=snapshot)
        # Without newer keys this refuses the token once more.
        return verifier.verify(token, keys=(newer or snapshot).keys)

    def verify_sync(self, token: str, verifier: Verifier) -> VerifiedClaims:
        """The same for threads: it blocks where ``verify`` awaits."""
        snapshot = self._keys.current
        if snapshot is None or not snapshot.fresh(self._clock()):
            snapshot = self._required(self._ask_sync())
        try:
            return verifier.verify(token, keys=snapshot.keys)
        except TokenError as refused:
            if refused.code != "unknown_key":
                raise
        newer = self._ask_sync(lacking=snapshot)
        return verifier.verify(token, keys=(newer or snapshot).keys)

    async def warm_up(self) -> None:
        """Fetches the keys unless they are there, so that no request has to wait.

        Raises:
            UnavailableError: they cannot be had.
        """
        self._required(await self._ask())

    def warm_up_sync(self) -> None:
        """The same, blocking."""
        self._required(self._ask_sync())

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return self._issuer

    @property
    def retry_after_s(self) -> int:
        """Whole seconds for a Retry-After header, at least 1."""
        return max(1, math.ceil(self._keys.retry_in_s))

    def status(self) -> KeySourceStatus:
        """How the keys are doing; fetches nothing."""
        keys, snapshot = self._keys, self._keys.current
        usable = snapshot is not None and not (
            isinstance(keys, KeyCache) and keys.age_s is None
        )
        return KeySourceStatus(
            issuer=self._issuer,
            keys=len(snapshot.keys) if snapshot is not None and usable else 0,
            age_s=keys.age_s,
            stale=keys.stale,
            last_error=keys.failure.code if keys.failure is not None else None,
            retry_after_s=self.retry_after_s,
        )

    def __repr__(self) -> str:
        return f"<KeySource issuer={self._issuer!r}>"

    async def _ask(self, lacking: Snapshot | None = None) -> Snapshot | None:
        answer = self._keys.ask(lacking)
        if isinstance(answer, Future):
            await _finished(answer, self._limits.wait_s)
            return self._brought_by(answer, lacking)
        return answer

    def _ask_sync(self, lacking: Snapshot | None = None) -> Snapshot | None:
        answer = self._keys.ask(lacking)
        if isinstance(answer, Future):
            with contextlib.suppress(FutureTimeoutError):
                answer.result(self._limits.wait_s)
            return self._brought_by(answer, lacking)
        return answer

    def _brought_by(self, fetch: Fetch, lacking: Snapshot | None) -> Snapshot | None:
        if fetch.done():
            failure = fetch.result()
            error = None if failure is None else failure.error()
        else:
            error = self._too_slow()
        # Keys from before serve while fetches fail, but not whom they lack.
        still_usable = lacking is None and self._keys.age_s is not None
        if error is not None and not still_usable:
            raise error
        return self._keys.current

    def _required(self, snapshot: Snapshot | None) -> Snapshot:
        if snapshot is None:
            raise UnavailableError("keys_unavailable")
        return snapshot

    def _too_slow(self) -> UnavailableError:
        return UnavailableError(
            "keys_unavailable",
            None,
            f"{self._issuer} did not answer within {self._limits.wait_s:g} s",
        )


def forget_keys(issuer: str | None = None) -> None:
    """Drops what the process knows of one issuer's keys, or of all issuers'.

    The next request fetches at once, without a cooldown. For tests, and for an operator
    who has learnt that an issuer withdrew a key.
    """
    shared_caches.forget(issuer)


@contextlib.contextmanager
def override_transport(issuer: str, transport: Transport) -> Iterator[None]:
    """Fetches an issuer's keys through that transport while it is open; for tests.

    It concerns every source of exactly that issuer in the process, also those made
    before, unless they have keys or a transport of their own. They begin and end
    without keys, so that none is left over from one test to the next.
    """
    before = shared_caches.divert(issuer, transport)
    try:
        yield
    finally:
        shared_caches.divert(issuer, before)


def _issuer(issuer: str | Issuer) -> Issuer:
    require_issuer(issuer.issuer if isinstance(issuer, Issuer) else issuer)
    known = issuer_of(issuer)
    if known.jwks_uri is not None:
        require_url("jwks_uri", known.jwks_uri)
    return known


async def _finished(fetch: Fetch, timeout_s: float) -> None:
    """Waits for the fetch or the timeout, whichever comes first.

    Not asyncio.wrap_future: the cancellation of one request would cancel the fetch of
    all, and a loop that is closed meanwhile would be called.
    """
    loop = asyncio.get_running_loop()
    finished = loop.create_future()

    def settle() -> None:
        if not finished.done():
            finished.set_result(None)

    def wake(_: Fetch) -> None:
        # Where the loop is closed, nobody waits on it.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle)

    fetch.add_done_callback(wake)
    await asyncio.wait({finished}, timeout=timeout_s)
