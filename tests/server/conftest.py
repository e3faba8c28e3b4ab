# SPDX-License-Identifier: Apache-2.0
"""A protected application, and a driver that asks it as a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from fastapi import FastAPI, Security, WebSocket

from github_oidc.server import GithubOIDC, GithubOIDCClaims
from github_oidc.testing import FakeIssuer, SigningKey

AUDIENCE: Final = "my-api"

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Answer:
    """What came back: a response, or the code with which a WebSocket was closed."""

    status: int | None
    headers: Sequence[Header] = ()
    body: bytes = b""
    close_code: int | None = None

    def header(self, name: str) -> str | None:
        values = [v.decode() for n, v in self.headers if n.decode().lower() == name]
        assert len(values) <= 1
        return values[0] if values else None

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        detail = self.json["detail"]
        assert set(detail) == {"code", "message"}
        return str(detail["code"])


async def exchange(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """Runs an ASGI application once; what it sent."""
    sent: list[dict[str, Any]] = []
    first = (
        {"type": "http.request", "body": b"", "more_body": False}
        if scope["type"] == "http"
        else {"type": "websocket.connect"}
    )
    messages = [first]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        return {"type": f"{scope['type']}.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


class Asker:
    """``ask("/path", b"Bearer ...")``: one request, in one of the ways there are."""

    def __init__(self, app: FastAPI, kind: str = "http") -> None:
        self.app = app
        self.kind = kind

    def __call__(self, path: str, *authorization: bytes | str) -> Answer:
        headers = [(b"host", b"testserver")]
        for value in authorization:
            encoded = value if isinstance(value, bytes) else value.encode("latin-1")
            headers.append((b"authorization", encoded))
        if self.kind == "http":
            return self._http(path, headers)
        return self._websocket(path, headers, denial=self.kind == "websocket")

    def _scope(self, path: str, headers: list[Header]) -> dict[str, Any]:
        return {
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
            "state": {},
        }

    def _http(self, path: str, headers: list[Header]) -> Answer:
        scope = {
            **self._scope(path, headers),
            "type": "http",
            "method": "GET",
            "scheme": "http",
        }
        start, *rest = asyncio.run(exchange(self.app, scope))
        assert start["type"] == "http.response.start"
        body = b"".join(message.get("body", b"") for message in rest)
        return Answer(start["status"], start["headers"], body)

    def _websocket(self, path: str, headers: list[Header], *, denial: bool) -> Answer:
        scope = {
            **self._scope(f"/ws{path}", headers),
            "type": "websocket",
            "scheme": "ws",
            "subprotocols": [],
        }
        if denial:
            scope["extensions"] = {"websocket.http.response": {}}
        sent = asyncio.run(exchange(self.app, scope))
        types = [message["type"] for message in sent]
        if types == ["websocket.close"]:
            return Answer(None, close_code=sent[0]["code"])
        if types[0] == "websocket.accept":
            return Answer(101, body=sent[1]["text"].encode())
        # Exactly one response: servers call a second one a broken application.
        assert types == [
            "websocket.http.response.start",
            "websocket.http.response.body",
        ]
        return Answer(sent[0]["status"], sent[0]["headers"], sent[1]["body"])


@pytest.fixture
def issuer(github_signing_key: SigningKey) -> FakeIssuer:
    return FakeIssuer(signing_key=github_signing_key)


@pytest.fixture
def make_oidc(issuer: FakeIssuer) -> Callable[..., GithubOIDC]:
    def make(**settings: Any) -> GithubOIDC:
        if not {"keys", "jwks_file", "transport"} & settings.keys():
            settings.setdefault("jwks", issuer.jwks())
        settings.setdefault("audience", AUDIENCE)
        return GithubOIDC(allow_any_workflow=True, **settings)

    return make


@pytest.fixture
def oidc(make_oidc: Callable[..., GithubOIDC]) -> GithubOIDC:
    return make_oidc()


def protected_by(oidc: GithubOIDC) -> FastAPI:
    """Every way to protect a route; ``/ws`` before a path gives its WebSocket twin."""
    app = FastAPI()
    plain = Security(oidc)
    scoped = Security(oidc, scopes=["deploy", "read"])

    @app.get("/async")
    async def asynchronous(claims: GithubOIDCClaims | None = plain) -> Any:
        return claims and claims.repository

    @app.get("/sync")
    def synchronous(claims: GithubOIDCClaims | None = plain) -> Any:
        return claims and claims.repository

    @app.get("/scoped")
    async def with_scopes(claims: GithubOIDCClaims | None = scoped) -> Any:
        return claims and claims.repository

    async def speak(websocket: WebSocket, claims: GithubOIDCClaims | None) -> None:
        await websocket.accept()
        await websocket.send_text(json.dumps(claims and claims.repository))
        await websocket.close()

    @app.websocket("/ws/async")
    @app.websocket("/ws/sync")
    async def socket(
        websocket: WebSocket, claims: GithubOIDCClaims | None = plain
    ) -> None:
        await speak(websocket, claims)

    @app.websocket("/ws/scoped")
    async def scoped_socket(
        websocket: WebSocket, claims: GithubOIDCClaims | None = scoped
    ) -> None:
        await speak(websocket, claims)

    return app


@pytest.fixture
def protect() -> Callable[[GithubOIDC], FastAPI]:
    return protected_by


@pytest.fixture(params=["http", "websocket", "websocket-without-denial"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask_with(kind: str) -> Callable[[GithubOIDC], Asker]:
    """Asks an application that this dependency protects, in each way there is."""
    return lambda oidc: Asker(protected_by(oidc), kind)


@pytest.fixture
def ask(oidc: GithubOIDC, ask_with: Callable[[GithubOIDC], Asker]) -> Asker:
    return ask_with(oidc)


@pytest.fixture
def ask_app() -> Callable[[FastAPI], Asker]:
    """Asks an application of the test's own over HTTP."""
    return Asker
