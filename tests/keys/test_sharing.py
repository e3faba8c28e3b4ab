# SPDX-License-Identifier: Apache-2.0
"""One fetch for everyone: threads, tasks, event loops, sources and forks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import httpx
import pytest

from github_oidc import KeySource, Verifier
from github_oidc.errors import UnavailableError
from github_oidc.keys.cache import MAX_ISSUERS, shared_caches

if TYPE_CHECKING:
    from .conftest import Clock, Site

ISSUER = "https://issuer.example"
MakeSource = Callable[..., KeySource]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.001)


def test_cold_requests_of_threads_and_loops_share_one_fetch(
    make_source: MakeSource, site: Site, verifier: Verifier
) -> None:
    token = site.mint()
    site.gate_open = False
    started = threading.Barrier(9)

    async def many() -> None:
        sources = [make_source() for _ in range(10)]
        started.wait(10)
        await asyncio.gather(*(one.verify(token, verifier) for one in sources))

    def blocking() -> None:
        started.wait(10)
        make_source().verify_sync(token, verifier)

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(asyncio.run, many()) for _ in range(4)]
        running += [pool.submit(blocking) for _ in range(4)]
        started.wait(10)
        wait_until(lambda: site.requests != [])
        site.gate_open = True
        for one in running:
            one.result(20)
    assert site.fetches == 1


def test_a_cancelled_request_takes_nobody_with_it(
    source: KeySource, site: Site, verifier: Verifier
) -> None:
    token = site.mint()
    site.gate_open = False

    async def first_is_cancelled() -> None:
        first = asyncio.create_task(source.verify(token, verifier))
        second = asyncio.create_task(source.verify(token, verifier))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        site.gate_open = True
        await second

    asyncio.run(first_is_cancelled())
    assert site.fetches == 1


def test_a_loop_that_is_closed_takes_nobody_with_it(
    source: KeySource, site: Site, verifier: Verifier
) -> None:
    token = site.mint()
    site.gate_open = False

    async def gives_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(source.verify(token, verifier), 0.01)

    asyncio.run(gives_up())
    site.gate_open = True
    source.verify_sync(token, verifier)
    assert site.fetches == 1


def test_warm_requests_await_nothing(
    source: KeySource, site: Site, verifier: Verifier
) -> None:
    source.warm_up_sync()
    step = source.verify(site.mint(), verifier)
    with pytest.raises(StopIteration) as returned:
        step.send(None)
    assert returned.value.value["iss"] == ISSUER


def test_failures_are_told_by_an_exception_for_each(
    source: KeySource, site: Site, verifier: Verifier
) -> None:
    site.fault = lambda _: httpx.Response(500)
    errors = []
    for _ in range(2):
        with pytest.raises(UnavailableError) as refused:
            source.verify_sync(site.mint(), verifier)
        errors.append(refused.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


def test_sources_share_keys_only_where_they_read_them_alike(
    make_source: MakeSource, site: Site, clock: Clock, tmp_path: Path
) -> None:
    make_source().warm_up_sync()
    assert make_source().status().keys == 1
    assert make_source(jwks_uri=f"{ISSUER}/other").status().keys == 0
    assert make_source(jwks_uri=None).status().keys == 0
    other_way = httpx.MockTransport(lambda _: httpx.Response(500))
    jwks_uri = f"{ISSUER}/.well-known/jwks"
    other = KeySource(ISSUER, jwks_uri=jwks_uri, transport=other_way, _clock=clock)
    assert other.status().keys == 0
    plain = KeySource(ISSUER, jwks_uri=jwks_uri, _clock=clock)
    assert plain.status().keys == 0
    proxied = KeySource(ISSUER, jwks_uri=jwks_uri, proxy="http://p", _clock=clock)
    assert proxied._keys is not plain._keys
    pem = Path(certifi.where()).read_bytes()
    trusting = []
    for name in ("one.pem", "two.pem", "one.pem"):
        (tmp_path / name).write_bytes(pem)
        trusting.append(KeySource(ISSUER, verify=tmp_path / name, _clock=clock)._keys)
    assert trusting[0] is not trusting[1]
    assert trusting[0] is trusting[2]


def test_the_shared_caches_are_bounded(source: KeySource, site: Site) -> None:
    source.warm_up_sync()
    for number in range(MAX_ISSUERS + 10):
        KeySource(f"https://issuer{number}.example")
    assert len(shared_caches._by_identity) == MAX_ISSUERS
    assert source.status().keys == 1  # it is no longer shared, and works
    source.warm_up_sync()


def test_a_thread_that_cannot_start_is_503(
    source: KeySource, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from github_oidc.keys.thread import fetch_thread

    def refuse(coroutine: object) -> None:
        coroutine.close()  # type: ignore[attr-defined]
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(fetch_thread, "run", refuse)
        with pytest.raises(UnavailableError, match="no thread"):
            source.warm_up_sync()
    clock.advance(1)
    source.warm_up_sync()


def test_fetching_goes_on_after_the_thread_was_stopped(
    source: KeySource, site: Site, clock: Clock, verifier: Verifier
) -> None:
    from github_oidc.keys.thread import fetch_thread

    site.gate_open = False
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(source.warm_up(), 0.02))
    wait_until(lambda: site.requests != [])
    fetch_thread.stop()
    with pytest.raises(UnavailableError):
        source.warm_up_sync()  # the fetch under way was cut short
    site.gate_open = True
    clock.advance(1)
    source.verify_sync(site.mint(), verifier)


FORK = """
import asyncio, os, sys, threading, time
import httpx
from github_oidc import KeySource, Verifier
from github_oidc.testing import FakeIssuer

issuer = FakeIssuer("https://issuer.example", algorithm="ES256")
verifier = Verifier(issuer=issuer.issuer, audience="api", algorithms=["ES256"])
token = issuer.mint("api")
gate = {"open": False}
now = {"s": 0.0}
requests = []

async def answer(request):
    requests.append(request.url.path)
    while not gate["open"]:
        await asyncio.sleep(0.002)
    return httpx.Response(200, json=issuer.jwks())

source = KeySource(
    issuer.issuer,
    jwks_uri=issuer.issuer + "/keys",
    transport=httpx.MockTransport(answer),
    _clock=lambda: now["s"],
)

def in_child(check):
    pid = os.fork()
    if pid == 0:
        try:
            check()
        except BaseException as error:
            print("child:", repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, status
            return
        time.sleep(0.005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise SystemExit("the child hangs")

# In the middle of a fetch, with the locks of cache and thread held by another thread.
waiting = threading.Thread(target=source.verify_sync, args=(token, verifier))
waiting.start()
while not requests:
    time.sleep(0.001)
held, release = threading.Event(), threading.Event()

def hold():
    from github_oidc.keys.cache import shared_caches
    from github_oidc.keys.thread import fetch_thread
    with source._keys._lock, shared_caches._lock, fetch_thread._lock:
        held.set()
        release.wait(20)

holding = threading.Thread(target=hold)
holding.start()
held.wait(20)

def cold_child():
    gate["open"] = True
    assert source.status().keys == 0
    source.verify_sync(token, verifier)
    asyncio.run(source.verify(token, verifier))
    assert len(requests) == 2, requests
    KeySource("https://another.example")

in_child(cold_child)
release.set()
holding.join()
gate["open"] = True
waiting.join()
assert len(requests) == 1, requests

def warm_child():
    source.verify_sync(token, verifier)
    assert len(requests) == 1, requests
    assert source.status().age_s == 0
    now["s"] = 30.0
    issuer.rotate()
    source.verify_sync(issuer.mint("api"), verifier)
    assert len(requests) == 2, requests
    in_child(lambda: source.verify_sync(issuer.mint("api"), verifier))

in_child(warm_child)
source.verify_sync(token, verifier)
print("good")
"""


def test_forks_in_the_middle_of_a_fetch_and_after_it(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORK)
    run = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.stdout, run.returncode) == ("good\n", 0), run.stderr
