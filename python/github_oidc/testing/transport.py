# SPDX-License-Identifier: Apache-2.0
"""A fake issuer as an httpx transport: its URLs are answered without a network."""

from __future__ import annotations

import httpx

from .endpoints import Endpoints, Request, origin_of

__all__ = ["FakeTransport"]


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers for one issuer, in ``httpx.Client`` and ``httpx.AsyncClient`` alike.

    It holds no connection: closing a client that has it leaves it usable, and threads
    and event loops may share it. A URL of another origin fails as a host that cannot
    be reached does, with ``httpx.ConnectError``.
    """

    def __init__(self, endpoints: Endpoints, origins: frozenset[str]) -> None:
        self._endpoints = endpoints
        self._origins = origins

    def __repr__(self) -> str:
        return f"<FakeTransport of {', '.join(sorted(self._origins))}>"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a synchronous client."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an asynchronous client."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        url = str(request.url)
        if origin_of(url) not in self._origins:
            raise httpx.ConnectError("not a host of this fake issuer", request=request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        response = self._endpoints.answer(Request(request.method, url, headers, body))
        if response is None:
            raise httpx.ReadError("the connection broke", request=request)
        return httpx.Response(
            response.status,
            headers=dict(response.headers),
            content=response.body,
            request=request,
        )
