# SPDX-License-Identifier: Apache-2.0
"""The application that test_uvicorn.py starts; its issuer is in the environment."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Security, WebSocket

from github_oidc.server import GithubOIDC, GithubOIDCClaims

oidc = GithubOIDC(issuer=os.environ["TEST_ISSUER"], audience="my-api")
protected = Security(oidc)
scoped = Security(oidc, scopes=["deploy"])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if "TEST_COLD" not in os.environ:
        await oidc.warm_up()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/async")
async def asynchronous(claims: GithubOIDCClaims = protected) -> Any:
    return {"repository": claims.repository, "pid": os.getpid()}


@app.get("/sync")
def synchronous(claims: GithubOIDCClaims = protected) -> GithubOIDCClaims:
    return claims


@app.get("/scoped", dependencies=[scoped])
async def with_scopes() -> None: ...


@app.get("/broken")
async def broken(claims: GithubOIDCClaims = protected) -> Any:
    raise RuntimeError("a fault of the application's own")


@app.websocket("/ws/async")
@app.websocket("/ws/sync")
async def socket(websocket: WebSocket, claims: GithubOIDCClaims = protected) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"{claims.repository}: {text}")


@app.websocket("/ws/scoped")
async def scoped_socket(websocket: WebSocket, _: Any = scoped) -> None:
    raise AssertionError("let in")
