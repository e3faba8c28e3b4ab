# SPDX-License-Identifier: Apache-2.0
"""Clients and providers of another make, and a FastAPI service under uvicorn."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Security
from pydantic import BaseModel

from github_oidc.server import OIDC
from github_oidc.testing import FakeIssuer, SigningKey

from .node import NodePrograms

Serve = Callable[[FastAPI], str]


@pytest.fixture(scope="session")
def node() -> NodePrograms:
    return NodePrograms()


@contextlib.contextmanager
def _uvicorn(app: FastAPI) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            deadline = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(app)``: the application under uvicorn until the test ends; its URL."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(_uvicorn(app))


@pytest.fixture
def issuer(github_signing_key: SigningKey) -> Iterator[FakeIssuer]:
    """A fake issuer on a socket of its own."""
    with FakeIssuer(signing_key=github_signing_key) as issuer:
        yield issuer


def protected_by(oidc: OIDC[Any], model: type[BaseModel]) -> FastAPI:
    """One route that tells who called."""
    app = FastAPI()

    @app.get("/whoami")
    async def whoami(claims: model = Security(oidc)) -> dict[str, Any]:  # type: ignore[valid-type]
        return claims.model_dump(mode="json")  # type: ignore[attr-defined,no-any-return]

    return app


@pytest.fixture
def protect() -> Callable[[OIDC[Any], type[BaseModel]], FastAPI]:
    return protected_by


@pytest.fixture
def call() -> Callable[[str, str], httpx.Response]:
    """``call(url, token)``: the answer of the protected route."""

    def call(url: str, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{url}/whoami", headers=headers, trust_env=False)

    return call
