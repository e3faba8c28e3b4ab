# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import socket
import threading
import time

import httpx
import pytest

from github_oidc.client.environment import TokenEndpoint
from github_oidc.client.origin import Origin
from github_oidc.client.request import mint
from github_oidc.client.retry import Timing
from github_oidc.client.token import Secret
from github_oidc.errors import ActionsTokenError


def test_a_trickle_of_headers_is_cut_off() -> None:
    """Over a socket: its reads all succeed, and the response never begins."""
    broken_off: list[bool] = []

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(200):
                connection.sendall(b"x")
                time.sleep(0.05)
            broken_off.append(False)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=trickle, args=(listener,))
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/token"
        here = TokenEndpoint(
            Secret(url), Secret("t"), Origin.of(httpx.URL(url)), on_actions=False
        )
        timing = Timing(timeout_s=0.2, deadline_s=0.3)
        with pytest.raises(ActionsTokenError, match="ReadTimeout"):
            mint(here, "my-api", timing=timing)
        server.join(30)
    assert broken_off == []
