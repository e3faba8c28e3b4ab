# SPDX-License-Identifier: Apache-2.0
"""A fake issuer over a real socket, on a loopback address."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from .endpoints import Endpoints, Request, Response

__all__ = ["SocketServer"]

_MAX_BODY: Final = 64 * 1024
_MAX_CONNECTIONS: Final = 128
_STOP_TIMEOUT_S: Final = 5.0


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the endpoints, and writes the response in one piece."""

    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm a kept connection waits 40 ms for every second response.
    disable_nagle_algorithm = True
    timeout = 30.0

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self._write(Response(400, {}, b""))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        response = cast("_Server", self.server).endpoints.answer(request)
        if response is None:
            self.close_connection = True
            return
        self._write(response)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not length.isdecimal():
            return None
        if int(length) > _MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def _write(self, response: Response) -> None:
        phrase, _ = self.responses.get(response.status, ("", ""))
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines.append(f"content-length: {len(response.body)}")
        if self.close_connection:
            lines.append("connection: close")
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write(head + body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a request line may hold what is nobody's business."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._open: dict[socket.socket, threading.Thread | None] = {}
        self._open_lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for the host's name, which can hang.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def verify_request(self, *_: Any) -> bool:
        with self._open_lock:
            return len(self._open) < _MAX_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:
        # Known before its thread runs, so that a stop in between ends it too.
        with self._open_lock:
            self._open[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:
            with self._open_lock:
                del self._open[request]
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.pop(request, None)

    def handle_error(self, *_: Any) -> None:
        """Nothing: a client that goes away is no error of the issuer's."""

    def end_connections(self) -> None:
        """End kept connections, so that no thread waits for a next request."""
        with self._open_lock:
            connections = dict(self._open)
        for connection, thread in connections.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            if thread is not None:
                thread.join(_STOP_TIMEOUT_S)


class SocketServer:
    """Serves ``endpoints`` on ``host:port`` from construction until `stop`.

    Args:
        endpoints: who answers.
        host: a loopback address.
        port: 0 takes a free one.

    Raises:
        OSError: the address cannot be had.
    """

    def __init__(self, endpoints: Endpoints, host: str, port: int) -> None:
        self._server = _Server((host, port), endpoints)
        self.port: int = self._server.server_port
        named = f"[{host}]" if ":" in host else host
        self.url: str = f"http://{named}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"fake-issuer-{self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and every connection, and join the threads."""
        self._server.shutdown()
        self._thread.join(_STOP_TIMEOUT_S)
        self._server.server_close()
        self._server.end_connections()
