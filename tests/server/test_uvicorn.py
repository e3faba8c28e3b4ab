# SPDX-License-Identifier: Apache-2.0
"""The answers under real servers, byte by byte, and what those write to their logs."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import github_oidc
from github_oidc.testing import FakeIssuer, SigningKey

START_TIMEOUT_S = 60
HERE = Path(__file__).parent


@dataclass
class Response:
    """A response as it was on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["detail"]["code"])


class Server:
    """A server process; everything that it writes is kept."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command = command
        package = Path(github_oidc.__file__).parent.parent
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(HERE), str(package)]),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._lines: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port = 0

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(iter(self._process.stdout.readline, b""))

    def wait_for_port(self, message: str) -> None:
        """Waits until the server has said where it listens."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            found = re.search(message, self.output)
            if found:
                self.port = int(found[1])
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.output}")

    @property
    def output(self) -> str:
        return b"".join(self._lines).decode("utf-8", "replace")

    def stop(self) -> str:
        """Ends the process; all that it wrote."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self.output

    def ask(
        self, path: str, *authorization: bytes, websocket: bool = False
    ) -> Response:
        """One request, byte by byte; over WebSocket, its handshake."""
        lines = [b"GET " + path.encode() + b" HTTP/1.1", b"Host: 127.0.0.1"]
        lines += [b"Authorization: " + value for value in authorization]
        if websocket:
            key = base64.b64encode(os.urandom(16))
            lines += [b"Connection: Upgrade", b"Upgrade: websocket"]
            lines += [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key]
        else:
            lines += [b"Connection: close"]
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as peer:
            peer.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
            return _read_response(peer)


def _read_response(peer: socket.socket) -> Response:
    text = b""
    while b"\r\n\r\n" not in text:
        part = peer.recv(65536)
        if not part:
            raise ConnectionError(f"closed after {text!r}")
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [field.partition(":")[::2] for field in fields]
    names = [name.lower() for name, _ in pairs]
    assert len(set(names)) == len(names)
    headers = dict(zip(names, (value.strip() for _, value in pairs), strict=True))
    while len(body) < int(headers.get("content-length", 0)):
        part = peer.recv(65536)
        if not part:
            raise ConnectionError(f"closed after {text!r}")
        body += part
    return Response(int(status_line.split()[1]), headers, body)


@pytest.fixture(scope="module")
def issuer(github_signing_key: SigningKey) -> Iterator[FakeIssuer]:
    with FakeIssuer(signing_key=github_signing_key) as started:
        yield started


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(issuer: FakeIssuer) -> Iterator[Start]:
    running: list[Server] = []

    def start_uvicorn(*options: str, **environment: str) -> Server:
        command = ["uvicorn", "uvicorn_app:app", "--port=0", *options]
        server = Server(command, {"TEST_ISSUER": issuer.issuer, **environment})
        running.append(server)
        server.wait_for_port(r"running on http://127\.0\.0\.1:(\d+)")
        return server

    yield start_uvicorn
    for server in running:
        server.stop()


SERVERS = {
    "h11-websockets": ["--http=h11", "--ws=websockets"],
    "h11-sansio": ["--http=h11", "--ws=websockets-sansio"],
    "h11-wsproto": ["--http=h11", "--ws=wsproto"],
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(*SERVERS[request.param])


REQUESTS: dict[str, tuple[list[bytes], int, str]] = {
    "no header": ([], 401, "missing_token"),
    "another scheme": ([b"Basic dXNlcjpwYXNz"], 401, "missing_token"),
    "two headers": ([b"Bearer %s", b"Bearer %s"], 400, "invalid_request"),
    "no token": ([b"Bearer"], 400, "invalid_request"),
    "two tokens": ([b"Bearer %s %s"], 400, "invalid_request"),
    "tab": ([b"Bearer\t%s"], 400, "invalid_request"),
    "no JWS": ([b"Bearer abc"], 401, "malformed_jws"),
    "another audience": ([b"Bearer %other"], 401, "audience_mismatch"),
    "forged": ([b"Bearer %forged"], 401, "invalid_signature"),
}


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
@pytest.mark.parametrize("case", REQUESTS)
def test_the_answers(
    server: Server, issuer: FakeIssuer, case: str, websocket: bool
) -> None:
    values, status, code = REQUESTS[case]
    tokens = {
        b"%other": issuer.mint("other"),
        b"%forged": issuer.mint("my-api", sign_with=_stranger()),
        b"%s": issuer.mint("my-api"),
    }
    for name, token in tokens.items():
        values = [value.replace(name, token.encode()) for value in values]
    for path in ("/async", "/sync"):
        answer = server.ask("/ws" * websocket + path, *values, websocket=websocket)
        assert (answer.status, answer.code) == (status, code)
        challenge = answer.headers["www-authenticate"]
        if code == "missing_token":
            assert challenge == "Bearer"
        else:
            error = "invalid_request" if status == 400 else "invalid_token"
            assert challenge.startswith(f'Bearer error="{error}", error_description="')


_strangers: list[FakeIssuer] = []


def _stranger() -> FakeIssuer:
    """An issuer that nobody trusts, with a key that is made once."""
    if not _strangers:
        _strangers.append(FakeIssuer())
    return _strangers[0]


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
def test_bytes_that_are_not_ascii(
    server: Server, issuer: FakeIssuer, websocket: bool
) -> None:
    """They reach nothing that breaks on them."""
    # The oldest engine of uvicorn fails before the application is asked: it answers
    # 500, or hangs up.
    fails = websocket and "--ws=websockets" in server.command
    refused = {500, None} if fails else {400, 401}
    path = "/ws" * websocket + "/async"
    token = issuer.mint("my-api").encode()
    for value in (b"Bearer \xc3\xa9", b"Bearer " + token + b"\xff", b"B\xe9arer x"):
        status: int | None = None
        with contextlib.suppress(ConnectionError):
            status = server.ask(path, value, websocket=websocket).status
        assert status in refused


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
def test_scopes(server: Server, issuer: FakeIssuer, websocket: bool) -> None:
    token = issuer.mint("my-api").encode()
    path = "/ws" * websocket + "/scoped"
    answer = server.ask(path, b"Bearer " + token, websocket=websocket)
    assert (answer.status, answer.code) == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"].endswith('scope="deploy"')


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
def test_no_keys(start: Start, websocket: bool) -> None:
    gone = _stranger().start()
    gone.stop()
    server = start(TEST_ISSUER=gone.url, TEST_COLD="1")
    token = b"Bearer " + gone.mint("my-api").encode()
    answer = server.ask("/ws" * websocket + "/async", token, websocket=websocket)
    assert (answer.status, answer.code) == (503, "keys_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers


def test_good_tokens(server: Server, issuer: FakeIssuer) -> None:
    token = issuer.mint("my-api", repository="acme/app", run_id="77").encode()
    answer = server.ask("/async", b"Bearer " + token)
    assert json.loads(answer.body)["repository"] == "acme/app"
    answer = server.ask("/sync", b"bearer  " + token)
    assert json.loads(answer.body)["run_id"] == 77


def test_a_websocket_client_of_another_make(server: Server, issuer: FakeIssuer) -> None:
    url = f"ws://127.0.0.1:{server.port}/ws/async"

    def talk(token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        with connect(url, additional_headers=headers, proxy=None) as client:
            client.send("hello")
            return client.recv(timeout=20)

    assert talk(issuer.mint("my-api", repository="acme/app")) == "acme/app: hello"
    with pytest.raises(InvalidStatus) as refused:
        talk(issuer.mint("other"))
    response = refused.value.response
    assert response.status_code == 401
    assert json.loads(response.body or b"")["detail"]["code"] == "audience_mismatch"


@pytest.mark.parametrize("level", ["debug", "trace"])
def test_no_log_holds_a_token(start: Start, issuer: FakeIssuer, level: str) -> None:
    # wsproto: the other two write all headers of a handshake to the debug log.
    server = start("--ws=wsproto", f"--log-level={level}")
    good, other = issuer.mint("my-api"), issuer.mint("other")
    forged = issuer.mint("my-api", sign_with=_stranger())
    unfit = issuer.mint("my-api", run_id="value-of-a-claim")
    for token in (good, other, forged, unfit, f"{good}.x", f"{good} {other}"):
        value = b"Bearer " + token.encode()
        for path in ("/async", "/sync", "/scoped"):
            server.ask(path, value)
            if token != good or path == "/scoped":
                server.ask(f"/ws{path}", value, websocket=True)
    assert server.ask("/broken", b"Bearer " + good.encode()).status == 500
    output = server.stop()
    assert "a fault of the application's own" in output
    assert output.count("Traceback") == output.count("RuntimeError: a fault")
    for token in (good, other, forged, unfit):
        for part in (token, *token.split(".")):
            assert part not in output
    assert "value-of-a-claim" not in output


def test_several_workers_of_a_preloaded_application(issuer: FakeIssuer) -> None:
    """gunicorn imports the application, keys and all, and forks afterwards."""
    environment = {"TEST_ISSUER": issuer.issuer}
    command = ["gunicorn", "gunicorn_app:app", "--preload", "--workers=2"]
    command += ["--bind=127.0.0.1:0", "--worker-class=uvicorn.workers.UvicornWorker"]
    server = Server(command, environment)
    try:
        server.wait_for_port(r"Listening at: http://127\.0\.0\.1:(\d+)")
        token = b"Bearer " + issuer.mint("my-api").encode()
        pids: set[int] = set()
        deadline = time.monotonic() + START_TIMEOUT_S
        while len(pids) < 2 and time.monotonic() < deadline:
            answer = server.ask("/async", token)
            assert answer.status == 200
            pids.add(json.loads(answer.body)["pid"])
        assert len(pids) == 2
        assert server.ask("/async", b"Bearer x").status == 401
    finally:
        server.stop()
