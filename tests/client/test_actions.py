# SPDX-License-Identifier: Apache-2.0
"""The public functions, and the whole way over a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

import github_oidc.client
from github_oidc.client import (
    ActionsAuth,
    get_actions_header,
    get_actions_header_async,
    get_actions_token,
    get_actions_token_async,
)
from github_oidc.errors import ActionsTokenError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.conftest import Endpoint


class Runner(ThreadingHTTPServer):
    """A token endpoint and a service on one loopback port."""

    daemon_threads = True

    def __init__(self, new_token: Callable[..., str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.new_token = new_token
        self.tokens: list[str] = []
        self.lines: list[str] = []
        self.seen: list[dict[str, str]] = []
        self.faults: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Runner
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.lines.append(self.requestline)
        self.server.seen.append({k.lower(): v for k, v in self.headers.items()})
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "hang up":
            self.close_connection = True
        elif fault:
            self._answer(int(fault), b"")
        elif self.path.startswith("/tok"):
            self.server.tokens.append(self.server.new_token())
            self._answer(200, json.dumps({"value": self.server.tokens[-1]}).encode())
        else:
            self._answer(200, self.headers.get("Authorization", "").encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def runner(
    new_token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runner]:
    with Runner(new_token) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv(
            "ACTIONS_ID_TOKEN_REQUEST_URL", f"{server.url}/tok?api-version=2.0"
        )
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token-secret")
        # A port where nothing listens: a proxy that is asked would fail the test.
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        yield server
        server.shutdown()
        thread.join()


def test_over_a_socket(runner: Runner) -> None:
    assert get_actions_token(audience="sig store&x") == runner.tokens[0]
    query = "api-version=2.0&audience=sig%20store%26x"
    assert runner.lines == [f"GET /tok?{query} HTTP/1.1"]
    (headers,) = runner.seen
    assert headers["authorization"] == "Bearer request-token-secret"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("github-oidc")
    assert "cookie" not in headers


def test_over_a_socket_without_a_query(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{runner.url}/tok")
    get_actions_token("api")
    assert runner.lines == ["GET /tok?audience=api HTTP/1.1"]


def test_over_a_socket_async(runner: Runner) -> None:
    assert anyio.run(get_actions_token_async, "api") == runner.tokens[0]
    assert runner.lines == ["GET /tok?api-version=2.0&audience=api HTTP/1.1"]


def test_headers(runner: Runner) -> None:
    found = [get_actions_header("api"), anyio.run(get_actions_header_async, "api")]
    assert found == [{"Authorization": f"Bearer {token}"} for token in runner.tokens]


@pytest.mark.parametrize("fault", ["hang up", "503", "429"])
def test_a_fault_of_the_network_passes(
    fault: str, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("github_oidc.client.retry._FIRST_DELAY_S", 0.0)
    runner.faults = [fault]
    get_actions_token("api", deadline=30)
    assert len(runner.lines) == 2


@pytest.mark.parametrize("status", ["302", "307"])
def test_a_redirect_is_not_followed(status: str, runner: Runner) -> None:
    runner.faults = [status, status]
    with pytest.raises(ActionsTokenError, match=f"HTTP status {status}. Redirects"):
        get_actions_token("api")
    with pytest.raises(ActionsTokenError, match=f"HTTP status {status}. Redirects"):
        anyio.run(get_actions_token_async, "api")
    assert len(runner.lines) == 2


def test_nobody_listens(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/tok")
    for ask in (get_actions_token, lambda a: anyio.run(get_actions_token_async, a)):
        with pytest.raises(ActionsTokenError, match="Connect"):
            _within(ask)
    assert runner.lines == []


def _within(ask: Callable[[str], str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("github_oidc.client.retry.MAX_TRIES", 1)
        ask("api")


def test_auth_over_a_socket(runner: Runner) -> None:
    with httpx.Client(auth=ActionsAuth("api"), trust_env=False) as client:
        answers = [client.get(f"{runner.url}/route").text for _ in range(2)]
    assert answers == [f"Bearer {runner.tokens[0]}"] * 2
    assert len(runner.tokens) == 1


@pytest.mark.usefixtures("job")
def test_options(endpoint: Endpoint) -> None:
    get_actions_token("api", timeout=3, transport=endpoint)
    get_actions_header("api", timeout=10, deadline=2, transport=endpoint)
    timeouts = [request.extensions["timeout"]["read"] for request in endpoint.requests]
    assert timeouts[0] == 3
    assert 1 < timeouts[1] <= 2


@pytest.mark.parametrize("audience", ["", " \n"])
def test_an_empty_audience(audience: str) -> None:
    for ask in (get_actions_token, get_actions_header):
        with pytest.raises(ConfigurationError, match="audience"):
            ask(audience)
    for ask_async in (get_actions_token_async, get_actions_header_async):
        with pytest.raises(ConfigurationError, match="audience"):
            anyio.run(ask_async, audience)


def test_limits_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        get_actions_token("api", timeout=0)
    with pytest.raises(ConfigurationError, match="deadline"):
        get_actions_token("api", deadline=-1)


def test_no_job_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="not_on_actions"):
        get_actions_token("api")
    with pytest.raises(RuntimeError, match="not_on_actions"):
        anyio.run(get_actions_token_async, "api")


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("on_actions", ["true", "false", None])
def test_a_token_is_masked_once_on_actions(
    on_actions: str | None,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if on_actions is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", on_actions)
    auth = ActionsAuth("api", transport=endpoint)
    service = httpx.MockTransport(lambda _: httpx.Response(200))
    for _ in range(2):
        httpx.Client(auth=auth, transport=service).get("https://api.example.com")
    get_actions_token("api", transport=endpoint)
    anyio.run(lambda: get_actions_token_async("api", transport=endpoint))
    printed = capsys.readouterr()
    masks = [f"::add-mask::{token}" for token in endpoint.tokens]
    assert len(masks) == 3
    assert printed.out.split() == (masks if on_actions == "true" else [])
    assert printed.err == ""


def test_the_public_names() -> None:
    assert sorted(github_oidc.client.__all__) == [
        "ActionsAuth",
        "get_actions_header",
        "get_actions_header_async",
        "get_actions_token",
        "get_actions_token_async",
    ]
    assert all(hasattr(github_oidc.client, name) for name in github_oidc.client.__all__)


def test_importing_loads_no_core_and_no_models() -> None:
    script = (
        "import sys, github_oidc.client as client\n"
        "heavy = ('github_oidc._core', 'pydantic', 'pydantic_core', 'fastapi')\n"
        "print(client.ActionsAuth.__name__, [m for m in heavy if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "ActionsAuth []\n"
