# SPDX-License-Identifier: Apache-2.0
"""Real sockets with a hostile issuer behind them."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from github_oidc import KeySource, Verifier
from github_oidc.errors import UnavailableError
from github_oidc.keys.endpoint import FetchLimits
from github_oidc.testing import FakeIssuer

if TYPE_CHECKING:
    from .conftest import Clock

Answer = Callable[[socket.socket], None]

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Server:
    """Reads a request's head, then does with the connection what it is told to."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: None
        self.wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
        self.connections = 0
        self.stopping = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self.stopping.is_set():
                connection.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the client has had enough
            connection.settimeout(10)
            with self.wrap(connection) as wrapped:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += wrapped.recv(4096) or b"\r\n\r\n"
                self.answer(wrapped)

    def stop(self) -> None:
        self.stopping.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(10)
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@dataclass(frozen=True)
class Tls:
    url: str
    ca: Path


def self_signed(address: str) -> bytes:
    """Certificate and private key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    subject = x509.IPAddress(ipaddress.ip_address(address))
    today = dt.datetime.now(dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(encoding) + private


@pytest.fixture
def tls(server: Server, tmp_path: Path) -> Tls:
    """The server behind TLS, with a certificate for 127.0.0.1 that it signed itself."""
    ca = tmp_path / "ca.pem"
    ca.write_bytes(self_signed("127.0.0.1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca)
    body = json.dumps(FakeIssuer(algorithm="ES256").jwks()).encode()
    server.wrap = lambda plain: context.wrap_socket(plain, server_side=True)
    server.answer = sends(JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return Tls(server.url.replace("http:", "https:"), ca)


def sends(data: bytes) -> Answer:
    return lambda connection: connection.sendall(data)


def code_of(server: Server, limits: FetchLimits | None = None) -> tuple[str, str]:
    source = KeySource(server.url, jwks_uri=f"{server.url}/keys", _limits=limits)
    with pytest.raises(UnavailableError) as refused:
        source.warm_up_sync()
    return refused.value.code, str(refused.value)


def drips(server: Server, prefix: bytes) -> Answer:
    """A byte every 10 ms, each of which would satisfy a timeout between two reads."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(prefix)
        while not server.stopping.wait(0.01):
            connection.sendall(b" ")

    return answer


@pytest.mark.parametrize(
    "prefix",
    [b"HTTP/1.1 200 OK\r\nX: ", JSON + b"Content-Length: 100000\r\n\r\n"],
    ids=["in_the_head", "in_the_body"],
)
def test_a_server_that_drips_meets_the_deadline(server: Server, prefix: bytes) -> None:
    server.answer = drips(server, prefix)
    code, text = code_of(server, FetchLimits(total_s=0.3))
    assert code == "keys_unavailable"
    assert "did not answer in time" in text


def test_a_server_that_says_nothing_meets_the_timeout(server: Server) -> None:
    def answer(_: socket.socket) -> None:
        server.stopping.wait(10)

    server.answer = answer
    code, text = code_of(server, FetchLimits(step_s=0.1))
    assert (code, "in time" in text) == ("keys_unavailable", True)


def test_an_endless_body_is_cut_off(server: Server) -> None:
    sent = 0

    def answer(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(JSON + b"Transfer-Encoding: chunked\r\n\r\n")
        while not server.stopping.is_set():
            sent += 4096
            connection.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")

    server.answer = answer
    assert code_of(server)[0] == "response_too_large"
    # What the kernel's buffers take on top is not read by anyone.
    assert sent < 16 * 1024 * 1024


def test_an_endless_head_is_cut_off(server: Server) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not server.stopping.is_set():
            connection.sendall(b"X: " + b"a" * 4096 + b"\r\n")

    server.answer = answer
    assert code_of(server)[0] == "keys_unavailable"


def test_a_declared_size_is_believed_before_it_is_read(server: Server) -> None:
    server.answer = sends(JSON + b"Content-Length: 262145\r\n\r\n")
    assert code_of(server)[0] == "response_too_large"


def test_a_compressed_bomb_is_not_opened(server: Server) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    head = JSON + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    server.answer = sends(head + bomb)
    code, text = code_of(server)
    assert (code, "compressed" in text) == ("keys_unavailable", True)


def test_a_redirect_is_not_followed(server: Server) -> None:
    location = f"Location: {server.url}/elsewhere\r\n".encode()
    server.answer = sends(
        b"HTTP/1.1 302 Found\r\n" + location + b"Content-Length: 0\r\n\r\n"
    )
    code, text = code_of(server)
    assert (code, "redirects" in text) == ("keys_unavailable", True)
    assert server.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        JSON + b"Content-Length: 50\r\n\r\n" + b'{"keys": [',
        JSON + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        JSON + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=repr,
)
def test_what_is_no_key_set_is_503(server: Server, data: bytes) -> None:
    server.answer = sends(data)
    assert code_of(server)[0] == "keys_unavailable"


def test_nobody_there_is_503() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    source = KeySource(f"http://127.0.0.1:{port}")
    with pytest.raises(UnavailableError, match="could not be reached"):
        source.warm_up_sync()


def test_plain_http_behind_an_https_url_is_503(server: Server) -> None:
    def wrap(plain: socket.socket) -> socket.socket:
        plain.sendall(JSON + b"Content-Length: 2\r\n\r\n{}")
        return plain

    server.wrap = wrap
    source = KeySource(f"https://127.0.0.1:{server.port}")
    with pytest.raises(UnavailableError) as refused:
        source.warm_up_sync()
    assert refused.value.code == "keys_unavailable"


def test_only_a_trusted_certificate_is_accepted(tls: Tls) -> None:
    with pytest.raises(UnavailableError, match="no trusted certificate"):
        KeySource(tls.url, jwks_uri=f"{tls.url}/keys").warm_up_sync()
    trusted = KeySource(tls.url, jwks_uri=f"{tls.url}/keys", verify=tls.ca)
    trusted.warm_up_sync()
    assert trusted.status().keys == 1
    wrong_name = tls.url.replace("127.0.0.1", "localhost")
    with pytest.raises(UnavailableError, match="no trusted certificate"):
        KeySource(
            wrong_name, jwks_uri=f"{wrong_name}/keys", verify=tls.ca
        ).warm_up_sync()


def test_known_keys_serve_while_the_issuer_is_hostile(
    server: Server, clock: Clock
) -> None:
    issuer = FakeIssuer(server.url, algorithm="ES256")
    verifier = Verifier(issuer=server.url, audience="api", algorithms=["ES256"])
    body = json.dumps(issuer.jwks()).encode()
    good = sends(JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.answer = good
    limits = FetchLimits(total_s=2)  # a good answer must make it on a busy machine
    source = KeySource(
        server.url, jwks_uri=f"{server.url}/keys", _clock=clock, _limits=limits
    )
    source.verify_sync(issuer.mint("api"), verifier)
    for hostile in (
        drips(server, JSON + b"Content-Length: 1000\r\n\r\n"),
        sends(JSON + b"Content-Length: 12\r\n\r\n" + b'{"keys": [ ]}'),
        sends(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    ):
        server.answer = hostile
        clock.advance(3000)
        source.verify_sync(issuer.mint("api"), verifier)
        under_way = source._keys._fetch  # type: ignore[union-attr]
        if under_way is not None:
            assert under_way.result(10) is not None
        assert source.status().last_error is not None
    server.answer = good
    clock.advance(30)
    source.warm_up_sync()
    under_way = source._keys._fetch  # type: ignore[union-attr]
    if under_way is not None:
        assert under_way.result(10) is None
    assert source.status().age_s == 0
