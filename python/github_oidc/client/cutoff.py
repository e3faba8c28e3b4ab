# SPDX-License-Identifier: Apache-2.0
"""An end to a request that blocks a thread, whatever its peer sends."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CutOff"]

# Names of httpcore's trace events; TLS puts another socket in the first one's place.
_CONNECTED: Final = (".connect_tcp.complete", ".start_tls.complete")


class CutOff:
    """Shuts down the connection of a request when its time is over.

    httpx limits every read of a socket and not their sum: a peer that sends its headers
    one byte at a time would hold the thread for days. Give ``trace`` to the request as
    its extension of that name, and use the object as a context around it. Without a
    connection, as with a mock transport, it starts no thread.
    """

    def __init__(self, limit_s: float) -> None:
        self._until = time.monotonic() + limit_s
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._connection = None
            if self._timer is not None:
                self._timer.cancel()

    def trace(self, event: str, found: Mapping[str, Any]) -> None:
        """Takes note of the connection; called by httpcore."""
        if not event.endswith(_CONNECTED):
            return
        connection = found["return_value"].get_extra_info("socket")
        with self._lock:
            self._connection = connection
            if self._timer is None:
                left_s = max(0.0, self._until - time.monotonic())
                self._timer = threading.Timer(left_s, self._cut)
                self._timer.daemon = True
                self._timer.start()
            elif self.over:
                _shut_down(connection)

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            if self._connection is not None:
                _shut_down(self._connection)


def _shut_down(connection: socket.socket) -> None:
    # Not the method of an SSLSocket: it would go on in plain text.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
