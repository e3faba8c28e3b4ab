# SPDX-License-Identifier: Apache-2.0
"""An issuer that misbehaves on demand, and a clock that stands still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httpx
import pytest

from github_oidc import KeySource, VerifiedClaims, Verifier
from github_oidc.keys import forget_keys
from github_oidc.testing import FakeIssuer

ISSUER = "https://issuer.example"
METADATA = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks"

Answer = Callable[[httpx.Request], "httpx.Response | None"]


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Site:
    """The issuer's web site: counts requests, waits at a gate, fails on demand."""

    def __init__(self) -> None:
        self.issuer = FakeIssuer(ISSUER, algorithm="ES256")
        self.requests: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.gate_open = True
        self.fault: Answer | None = None
        self.cache_control = "max-age=300"
        self.jwks_path = JWKS
        self.transport = httpx.MockTransport(self._handle)

    def mint(self, **claims: Any) -> str:
        return self.issuer.mint("api", **claims)

    @property
    def fetches(self) -> int:
        """Requests for the key set."""
        return len([path for path in self.requests if path != METADATA])

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append(path)
        self.headers.append(request.headers)
        while not self.gate_open:  # noqa: ASYNC110 - another thread opens it
            await asyncio.sleep(0.002)
        answer = self.fault(request) if self.fault else None
        if answer is not None:
            return answer
        if path == METADATA:
            metadata = self.issuer.metadata() | {"jwks_uri": ISSUER + self.jwks_path}
            return httpx.Response(200, json=metadata)
        if path == self.jwks_path:
            headers = {"Cache-Control": self.cache_control}
            return httpx.Response(200, json=self.issuer.jwks(), headers=headers)
        return httpx.Response(404)


class Verify(Protocol):
    def __call__(self, source: KeySource, token: str) -> VerifiedClaims: ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def make_source(site: Site, clock: Clock) -> Callable[..., KeySource]:
    """A source that reads the site's key set, without asking its metadata."""

    def make(**settings: Any) -> KeySource:
        settings.setdefault("jwks_uri", ISSUER + JWKS)
        settings.setdefault("_clock", clock)
        return KeySource(ISSUER, transport=site.transport, **settings)

    return make


@pytest.fixture
def source(make_source: Callable[..., KeySource]) -> KeySource:
    return make_source()


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(issuer=ISSUER, audience="api", algorithms=["ES256"])


@pytest.fixture(params=["sync", "async"])
def verify(request: pytest.FixtureRequest, verifier: Verifier) -> Verify:
    def sync(source: KeySource, token: str) -> VerifiedClaims:
        return source.verify_sync(token, verifier)

    def in_a_loop(source: KeySource, token: str) -> VerifiedClaims:
        return asyncio.run(source.verify(token, verifier))

    return sync if request.param == "sync" else in_a_loop


@pytest.fixture
def settle() -> Callable[[KeySource], None]:
    """Waits until no fetch is under way."""

    def wait(source: KeySource) -> None:
        deadline = time.monotonic() + 10
        while getattr(source._keys, "_fetch", None) is not None:
            assert time.monotonic() < deadline, "the fetch did not end"
            time.sleep(0.001)

    return wait


@pytest.fixture(autouse=True)
def no_keys_left_over() -> Iterator[None]:
    yield
    forget_keys()
