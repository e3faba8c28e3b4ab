# SPDX-License-Identifier: Apache-2.0
"""The keys of one issuer, shared by everyone in the process who reads them alike.

When to fetch and what to answer meanwhile is decided by the core's KeySetFreshness.
Here are its clock, its lock, the keys themselves and the one fetch under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final

import httpx

from .._core import KeySetFreshness, max_age_of
from ..errors import KeySetError, UnavailableError
from ..verifier import JWKSet
from .endpoint import Endpoint, NotFoundError, Transport
from .thread import fetch_thread

__all__ = ["Failure", "Fetch", "KeyCache", "Snapshot", "shared_caches"]

_log: Final = logging.getLogger("github_oidc.keys")

MAX_ISSUERS: Final = 64
_SHORTEST_WAIT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A key set and for how long it needs no second thought; replaced as a whole."""

    keys: JWKSet
    generation: int
    fetched_at: float
    refresh_at: float
    max_age_s: float | None = None

    def fresh(self, now: float) -> bool:
        """No refresh is due. A clock that stepped back is a reason to ask."""
        return self.fetched_at <= now < self.refresh_at


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a fetch brought no keys, in words that are safe to show."""

    code: str
    detail: str | None

    def error(self) -> UnavailableError:
        """A fresh exception: a shared one would grow a traceback per request."""
        return UnavailableError(self.code, None, self.detail)


Fetch = Future["Failure | None"]
"""The fetch that all requests share. It never fails and is never cancelled: its
result is why it brought no keys, or None."""


class KeyCache:
    """The keys behind one Endpoint.

    Attributes:
        current: the last good set; a request reads it once and needs no lock.
    """

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float]) -> None:
        self.current: Snapshot | None = None
        self._endpoint = self._own_endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._users: weakref.WeakSet[object] = weakref.WeakSet()
        self._timer: asyncio.TimerHandle | None = None
        self._start_over()

    def _start_over(self) -> None:
        self._freshness = KeySetFreshness()
        self._fetch: Fetch | None = None
        self._failure: Failure | None = None
        self._jwks_uri = self._endpoint.issuer.jwks_uri

    @property
    def issuer(self) -> str:
        """The issuer identifier that every set of this cache is bound to."""
        return self._endpoint.issuer.issuer

    def serve(self, user: object) -> None:
        """Keeps the keys fresh for as long as this object is alive."""
        self._users.add(user)

    def ask(self, lacking: Snapshot | None = None) -> Snapshot | Fetch | None:
        """What a request does next.

        Args:
            lacking: the set that has no key for the request's token.

        Returns:
            Keys to use, a fetch to wait for, or None: the key is unknown for good.

        Raises:
            UnavailableError: keys cannot be had at the moment.
        """
        with self._lock:
            now = self._clock()
            if lacking is None and self._neglected(now):
                if self._freshness.begin_fetch(now):
                    self._start_fetch(now)
                if self._fetch is not None:
                    return self._fetch
            if lacking is None:
                answer, _ = self._freshness.for_request(now)
            else:
                answer, _ = self._freshness.for_unknown_key(now, lacking.generation)
            if answer in ("refresh", "wait") and self._freshness.begin_fetch(now):
                self._start_fetch(now)
            if answer == "refuse":
                return None
            if answer in ("use", "refresh") and self.current is not None:
                return self.current
            if answer == "wait" and self._fetch is not None:
                return self._fetch
            failure = self._failure
        raise (failure or Failure("keys_unavailable", None)).error()

    def _neglected(self, now: float) -> bool:
        """Past their life with nobody looking after them, as in the child of a fork.

        The issuer may have withdrawn them long ago: they are no better than none until
        a fetch has failed.
        """
        unattended = self._timer is None and self._failure is None
        return unattended and self._freshness.stale(now)

    def _start_fetch(self, now: float) -> None:
        fetch: Fetch = Future()
        self._fetch = fetch
        try:
            fetch_thread.run(self._run(fetch))
        except RuntimeError:
            self._fetch = None
            self._failure = Failure("keys_unavailable", "no thread can be started")
            self._freshness.fetch_failed(now)

    async def _run(self, fetch: Fetch) -> None:
        outcome: Snapshot | Failure = self._failed("was not read to the end")
        try:
            outcome = await asyncio.wait_for(
                self._read(), self._endpoint.limits.total_s
            )
        except asyncio.TimeoutError:
            outcome = self._failed("did not answer in time")
        except KeySetError as refused:
            outcome = self._failed(f"sent a key set that is refused: {refused.code}")
        except UnavailableError as error:
            outcome = Failure(error.code, error.detail)
        except Exception as error:  # noqa: BLE001 - a request waits for the outcome
            outcome = self._failed(f"could not be read ({type(error).__name__})")
        finally:
            self._finish(fetch, outcome)

    def _failed(self, fault: str) -> Failure:
        return Failure("keys_unavailable", f"{self.issuer} {fault}")

    async def _read(self) -> Snapshot:
        async with self._endpoint.client() as client:
            jwks_uri, just_read = await self._locate(client)
            try:
                response = await self._endpoint.read_keys(client, jwks_uri)
            except NotFoundError:
                if just_read or self._endpoint.issuer.jwks_uri is not None:
                    raise
                self._freshness.doubt_metadata()
                moved_to = await self._read_metadata(client)
                if moved_to == jwks_uri:
                    raise
                response = await self._endpoint.read_keys(client, moved_to)
        keys = JWKSet.from_json(response.body, issuer=self.issuer)
        return Snapshot(keys, 0, 0, 0, max_age_of(response.cache_control))

    async def _locate(self, client: httpx.AsyncClient) -> tuple[str, bool]:
        """Where the keys are, and whether the metadata was read to learn it."""
        pinned = self._endpoint.issuer.jwks_uri
        if pinned is not None:
            return pinned, False
        now = self._clock()
        if self._jwks_uri is not None and not self._freshness.metadata_due(now):
            return self._jwks_uri, False
        try:
            return await self._read_metadata(client), True
        except UnavailableError as error:
            if self._jwks_uri is None or not self._freshness.metadata_usable(now):
                raise
            _log.warning("metadata of %s kept from before: %s", self.issuer, error)
            return self._jwks_uri, True

    async def _read_metadata(self, client: httpx.AsyncClient) -> str:
        jwks_uri = await self._endpoint.read_metadata(client)
        self._jwks_uri = jwks_uri
        self._freshness.metadata_succeeded(self._clock())
        return jwks_uri

    def _finish(self, fetch: Fetch, outcome: Snapshot | Failure) -> None:
        failure = outcome if isinstance(outcome, Failure) else None
        with self._lock:
            # A fetch that is no longer the one under way was given up or forgotten.
            if self._fetch is fetch:
                self._fetch = None
                self._failure = failure
                if isinstance(outcome, Failure):
                    self._freshness.fetch_failed(self._clock())
                else:
                    self._keep(outcome, self._clock())
        if failure is not None:
            _log.warning("keys of %s not refreshed: %s", self.issuer, failure.error())
        self._watch()
        fetch.set_result(failure)

    def _watch(self) -> None:
        """Sets the time of the next refresh, on the fetch thread.

        Requests alone would not do: after a night without any, the first one would be
        verified with the keys of the evening before.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.current is not None and self._users:
            loop = asyncio.get_running_loop()
            due = weakref.WeakMethod(self._refresh)
            self._timer = loop.call_later(self._wait_s(), _call, due)

    def _wait_s(self) -> float:
        with self._lock:
            now = self._clock()
            due_in = max(self._freshness.refresh_in(now), self._freshness.retry_in(now))
        return max(due_in, _SHORTEST_WAIT_S)

    def _refresh(self) -> None:
        if self.current is None:
            # Forgotten, or diverted: a test that is over must not ask the real issuer.
            self._timer = None
            return
        with contextlib.suppress(UnavailableError):
            self.ask()
        if self._fetch is None:  # otherwise its end sets the next time
            self._watch()

    def _keep(self, snapshot: Snapshot, now: float) -> None:
        self._freshness.fetch_succeeded(now, snapshot.max_age_s)
        self.current = replace(
            snapshot,
            generation=self._freshness.generation,
            fetched_at=now,
            refresh_at=now + self._freshness.refresh_in(now),
        )

    @property
    def failure(self) -> Failure | None:
        """Why the last fetch brought no keys; None after a good one."""
        return self._failure

    @property
    def retry_in_s(self) -> float:
        """Seconds until a request could start another fetch."""
        with self._lock:
            return self._freshness.retry_in(self._clock())

    @property
    def age_s(self) -> float | None:
        """Seconds since the keys came; None without usable keys."""
        with self._lock:
            return self._freshness.age(self._clock())

    @property
    def stale(self) -> bool:
        """The keys are past their life and used because fetches fail."""
        with self._lock:
            return self._freshness.stale(self._clock())

    def forget(self) -> None:
        """Drops the keys, and the cooldown with them."""
        with self._lock:
            self.current = None
            self._start_over()

    def divert(self, transport: Transport | None) -> None:
        """Fetches through that transport from now on, beginning without keys.

        None ends this.
        """
        own = self._own_endpoint
        with self._lock:
            self.current = None
            self._endpoint = own if transport is None else own.through(transport)
            self._start_over()

    def survive_fork(self) -> None:
        """In the child: the keys stay, and what the parent had begun is not here."""
        snapshot, jwks_uri = self.current, self._jwks_uri
        self._lock = threading.Lock()  # a thread that is not here may hold the other
        self._timer = None
        self._start_over()
        self._jwks_uri = jwks_uri
        if snapshot is not None:
            self._freshness.fetch_succeeded(snapshot.fetched_at, snapshot.max_age_s)
            generation = self._freshness.generation
            self.current = replace(snapshot, generation=generation)


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    found = method()
    if found is not None:
        found()


class SharedCaches:
    """The caches of this process, each under the identity of who reads how.

    Bounded: the least recently asked for goes, and keeps working for those who hold it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_identity: OrderedDict[Hashable, KeyCache] = OrderedDict()
        self._alive: weakref.WeakSet[KeyCache] = weakref.WeakSet()
        self._diverted: dict[str, Transport] = {}

    def get(
        self, identity: Hashable, endpoint: Endpoint, clock: Callable[[], float]
    ) -> KeyCache:
        """The cache of that identity, made where there is none."""
        with self._lock:
            cache = self._by_identity.get(identity)
            if cache is None:
                cache = self._by_identity[identity] = KeyCache(endpoint, clock)
                self._alive.add(cache)
                if cache.issuer in self._diverted:
                    cache.divert(self._diverted[cache.issuer])
            self._by_identity.move_to_end(identity)
            while len(self._by_identity) > MAX_ISSUERS:
                self._by_identity.popitem(last=False)
            return cache

    def forget(self, issuer: str | None) -> None:
        """Drops the keys of one issuer, or of all."""
        with self._lock:
            for cache in self._alive:
                if issuer in (None, cache.issuer):
                    cache.forget()

    def divert(self, issuer: str, transport: Transport | None) -> Transport | None:
        """As KeyCache.divert, for all of an issuer; returns what it was until now."""
        with self._lock:
            before = self._diverted.pop(issuer, None)
            if transport is not None:
                self._diverted[issuer] = transport
            for cache in self._alive:
                if cache.issuer == issuer:
                    cache.divert(transport)
            return before

    def survive_fork(self) -> None:
        """In the child: as KeyCache.survive_fork, for all of them."""
        self._lock = threading.Lock()
        for cache in list(self._alive):
            cache.survive_fork()


shared_caches: Final = SharedCaches()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared_caches.survive_fork)
