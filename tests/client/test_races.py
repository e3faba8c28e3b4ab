# SPDX-License-Identifier: Apache-2.0
"""Many threads, tasks and event loops with one ActionsAuth."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx
import pytest

from github_oidc.client import ActionsAuth
from github_oidc.client.retry import Timing
from github_oidc.errors import ActionsTokenError

if TYPE_CHECKING:
    from tests.client.conftest import Endpoint

pytestmark = pytest.mark.usefixtures("job")
API = "https://api.example.com"
SERVICE = httpx.MockTransport(
    lambda r: httpx.Response(200, text=r.headers["Authorization"])
)
N = 16


class Gate(threading.Event):
    """Opens when N threads have arrived, so that all of them really wait."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(N, action=self.set, timeout=30)


def get(auth: ActionsAuth) -> str:
    with httpx.Client(auth=auth, transport=SERVICE) as client:
        return client.get(API).text


async def get_async(auth: ActionsAuth) -> str:
    async with httpx.AsyncClient(auth=auth, transport=SERVICE) as client:
        return (await client.get(API)).text


def test_threads_mint_once(endpoint: Endpoint) -> None:
    gate = Gate()
    auth = ActionsAuth("my-api", transport=endpoint)

    def slow(_: httpx.Request) -> httpx.Response:
        assert gate.wait(30)
        return endpoint.grant()

    def one(_: int) -> str:
        gate.barrier.wait()
        return get(auth)

    endpoint.script = [slow]
    with ThreadPoolExecutor(N) as pool:
        answers = set(pool.map(one, range(N)))
    assert answers == {f"Bearer {endpoint.tokens[0]}"}
    assert len(endpoint.requests) == 1


def test_threads_share_a_401(endpoint: Endpoint) -> None:
    """N requests whose token was refused renew it once."""
    auth = ActionsAuth("my-api", transport=endpoint)
    both = threading.Barrier(N, timeout=30)

    def refuse_the_first(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] != f"Bearer {endpoint.tokens[0]}":
            return httpx.Response(200)
        both.wait()
        return httpx.Response(401)

    def one(_: int) -> int:
        transport = httpx.MockTransport(refuse_the_first)
        with httpx.Client(auth=auth, transport=transport) as client:
            return client.get(API).status_code

    with ThreadPoolExecutor(N) as pool:
        assert set(pool.map(one, range(N))) == {200}
    assert len(endpoint.requests) == 2


@pytest.mark.anyio
async def test_tasks_mint_once(endpoint: Endpoint) -> None:
    answers: set[str] = set()
    waiting, everyone = 0, anyio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        await everyone.wait()
        return endpoint.grant()

    minted = httpx.MockTransport(slow)
    auth = ActionsAuth("my-api", transport=minted)

    async def one() -> None:
        nonlocal waiting
        waiting += 1
        if waiting == N:
            everyone.set()
        answers.add(await get_async(auth))

    async with anyio.create_task_group() as tasks:
        for _ in range(N):
            tasks.start_soon(one)
    assert answers == {f"Bearer {endpoint.tokens[0]}"}
    assert len(endpoint.tokens) == 1


def test_event_loops_do_not_wait_for_each_other(endpoint: Endpoint) -> None:
    """One loop's mint hangs until the other loop, with the same auth, is through."""
    through = threading.Event()
    asked = threading.Event()
    first = threading.Lock()

    async def slow(_: httpx.Request) -> httpx.Response:
        if first.acquire(blocking=False):
            asked.set()
            await anyio.to_thread.run_sync(through.wait)
        return endpoint.grant()

    auth = ActionsAuth("my-api", transport=httpx.MockTransport(slow))
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(anyio.run, get_async, auth)
        assert asked.wait(30)
        anyio.run(get_async, auth)
        through.set()
        hanging.result(30)
    assert len(endpoint.tokens) == 2


@pytest.mark.anyio
async def test_a_sync_request_does_not_wait_for_a_task(endpoint: Endpoint) -> None:
    """In one thread such a wait would never end."""

    class Both(httpx.MockTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            minting.set()
            await done.wait()
            return endpoint.grant()

    minting, done = anyio.Event(), anyio.Event()
    auth = ActionsAuth("my-api", transport=Both(lambda _: endpoint.grant()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(get_async, auth)
        await minting.wait()
        assert get(auth) == f"Bearer {endpoint.tokens[0]}"
        done.set()


@pytest.mark.anyio
async def test_a_cancelled_mint_blocks_nobody(endpoint: Endpoint) -> None:
    minting = anyio.Event()

    async def hang_once(_: httpx.Request) -> httpx.Response:
        if not minting.is_set():
            minting.set()
            await anyio.sleep_forever()
        return endpoint.grant()

    auth = ActionsAuth("my-api", transport=httpx.MockTransport(hang_once))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(get_async, auth)
        await minting.wait()
        tasks.cancel_scope.cancel()
    assert await get_async(auth) == f"Bearer {endpoint.tokens[0]}"


def test_waiting_threads_share_a_failure(endpoint: Endpoint) -> None:
    gate = Gate()
    auth = ActionsAuth("my-api", transport=endpoint)

    def slow(_: httpx.Request) -> httpx.Response:
        assert gate.wait(30)
        # Those that wait for the lock have counted the failures before they do.
        assert waiting.all.wait(30)
        return httpx.Response(403)

    waiting = _Waiting(auth)
    endpoint.script = [slow]

    def one(_: int) -> str:
        gate.barrier.wait()
        with pytest.raises(ActionsTokenError) as refused:
            get(auth)
        return f"{refused.value.code} {refused.value.detail}"

    with ThreadPoolExecutor(N) as pool:
        assert len(set(pool.map(one, range(N)))) == 1
    assert len(endpoint.requests) == 1
    assert get(auth) == f"Bearer {endpoint.tokens[0]}"


class _Waiting:
    """In place of the lock: knows when all N have asked for it."""

    def __init__(self, auth: ActionsAuth) -> None:
        self.all = threading.Event()
        self._arrived = threading.Semaphore(N - 1)
        self._lock = threading.Lock()
        auth._minting = self  # type: ignore[assignment]

    def acquire(self, timeout: float) -> bool:
        if not self._arrived.acquire(blocking=False):
            self.all.set()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def test_a_holder_that_never_returns_is_not_waited_for(endpoint: Endpoint) -> None:
    auth = ActionsAuth("my-api", transport=endpoint)
    auth._timing = Timing(deadline_s=0.01)
    with auth._minting:
        assert get(auth) == f"Bearer {endpoint.tokens[0]}"


def test_a_fork_during_a_mint_blocks_nobody(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = ActionsAuth("my-api", transport=endpoint)
    with auth._minting:
        # What a child process sees, without its cost: a lock that nobody holds.
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert get(auth) == f"Bearer {endpoint.tokens[0]}"
