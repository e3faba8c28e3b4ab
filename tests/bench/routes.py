# SPDX-License-Identifier: Apache-2.0
"""What protection adds to a FastAPI route, driven in process without a socket."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Security

from github_oidc.server import GithubOIDC, GithubOIDCClaims

from .tokens import AUDIENCE, Tokens

__all__ = ["HEADER_ONLY", "NEW_TOKEN", "cases"]

HEADER_ONLY = "a dependency that only reads the header"
NEW_TOKEN = "GithubOIDC, every token new"
KNOWN_TOKEN = "GithubOIDC, one token again"

Case = Callable[[int], None]


async def read_header(request: Request) -> str | None:
    return request.headers.get("authorization")


def _apps(tokens: Tokens) -> tuple[FastAPI, FastAPI]:
    open_app, guarded = FastAPI(), FastAPI()
    oidc = GithubOIDC(
        audience=AUDIENCE,
        transport=tokens.issuer.transport(),
        allow_any_workflow=True,
    )

    @open_app.get("/")
    async def unprotected(header: str | None = Security(read_header)) -> dict[str, str]:
        return {"hello": "world"}

    @guarded.get("/")
    async def protected(claims: GithubOIDCClaims = Security(oidc)) -> dict[str, str]:
        return {"hello": "world"}

    return open_app, guarded


def _driver(app: FastAPI, texts: list[str]) -> Case:
    scopes = itertools.cycle(
        [
            {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": "/",
                "raw_path": b"/",
                "query_string": b"",
                "root_path": "",
                "headers": [
                    (b"host", b"localhost"),
                    (b"authorization", b"Bearer " + text.encode()),
                ],
                "client": ("127.0.0.1", 1),
                "server": ("127.0.0.1", 80),
            }
            for text in texts
        ]
    )
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def requests(operations: int) -> None:
        for scope in itertools.islice(scopes, operations):
            await app(dict(scope), receive, send)

    def run(operations: int) -> None:
        statuses.clear()
        loop.run_until_complete(requests(operations))
        if set(statuses) != {200}:
            raise SystemExit(f"answers other than 200: {set(statuses)}")

    loop = asyncio.new_event_loop()
    return run


def cases(tokens: Tokens) -> dict[str, Case]:
    open_app, guarded = _apps(tokens)
    return {
        HEADER_ONLY: _driver(open_app, tokens.texts),
        NEW_TOKEN: _driver(guarded, tokens.texts),
        KNOWN_TOKEN: _driver(guarded, tokens.texts[:1]),
    }
