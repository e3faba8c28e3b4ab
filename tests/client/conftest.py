# SPDX-License-Identifier: Apache-2.0
"""A job's environment, a token endpoint that is told what to answer, and a clock."""

from __future__ import annotations

import base64
import itertools
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from github_oidc.client.retry import Timing

REQUEST_URL = "https://endpoint.actions.example/path?api-version=2.0&run=hush"
REQUEST_TOKEN = "hush-request-token"
NOW = 1_790_000_000
_SERIAL = itertools.count()


def make_token(**claims: object) -> str:
    """A token of the right shape that lasts 300 s; no two are equal."""
    claims = {"iat": NOW, "exp": NOW + 300, "jti": f"hush-{next(_SERIAL)}"} | (claims)
    segments = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    encoded = [base64.urlsafe_b64encode(segment) for segment in segments]
    return b".".join([*encoded, b"c2lnbmF0dXJl"]).replace(b"=", b"").decode()


@dataclass
class Clock:
    """Stands still, but for the sleep that is asked for."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


Reply = int | httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Endpoint(httpx.MockTransport):
    """The token endpoint: what it was told to answer, and then a new token each time.

    Sync and async, as MockTransport is.
    """

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.script: list[Reply] = []
        self.requests: list[httpx.Request] = []
        self.tokens: list[str] = []
        self._lock = threading.Lock()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            reply = self.script.pop(0) if self.script else None
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, int):
            return httpx.Response(reply, text="body")
        if isinstance(reply, httpx.Response):
            return reply
        return reply(request) if reply is not None else self.grant()

    def grant(self, **claims: object) -> httpx.Response:
        """An answer with a new token."""
        self.tokens.append(make_token(**claims))
        return httpx.Response(200, json={"count": 1, "value": self.tokens[-1]})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timing(clock: Clock) -> Timing:
    return Timing(
        clock=clock,
        sleep=clock.sleep,
        sleep_async=clock.sleep_async,
        chance=lambda: 1.0,
    )


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def new_token() -> Callable[..., str]:
    return make_token


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may themselves run in a job."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "ACTIONS_")) or name == "ACT":
            monkeypatch.delenv(name)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that may request ID tokens, and whose output nobody reads."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", REQUEST_URL)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
