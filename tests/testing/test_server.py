# SPDX-License-Identifier: Apache-2.0
"""The socket: where it listens, how it ends, and what it does with bad input."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from github_oidc.errors import ConfigurationError
from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.testing import FakeIssuer, SigningKey


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate("ES256")


@pytest.fixture
def issuer(key: SigningKey) -> Iterator[FakeIssuer]:
    with FakeIssuer(signing_key=key) as issuer:
        yield issuer


def threads_of(issuer: FakeIssuer) -> list[threading.Thread]:
    name = f"fake-issuer-{urlsplit(issuer.url).port}"
    return [thread for thread in threading.enumerate() if thread.name == name]


def raw(issuer: FakeIssuer, octets: bytes) -> bytes:
    """Everything that comes back for ``octets`` until the server closes."""
    port = urlsplit(issuer.url).port or 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_its_own_url_is_the_issuer(issuer: FakeIssuer) -> None:
    assert issuer.issuer == issuer.url
    assert urlsplit(issuer.url).hostname == "127.0.0.1"
    claims = jwt.decode(issuer.mint("a"), options={"verify_signature": False})
    assert claims["iss"] == issuer.url
    assert issuer.actions_environment()["ACTIONS_ID_TOKEN_REQUEST_URL"] == (
        f"{issuer.url}/actions/id-token?api-version=2.0"
    )


def test_a_given_issuer_stays(key: SigningKey) -> None:
    with FakeIssuer(GITHUB_ISSUER, signing_key=key) as issuer:
        assert issuer.issuer == GITHUB_ISSUER
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"{issuer.url}/.well-known/jwks").json() == issuer.jwks()


def test_without_a_socket_there_is_no_url(key: SigningKey) -> None:
    with pytest.raises(RuntimeError, match="no socket"):
        _ = FakeIssuer(signing_key=key).url


def test_a_connection_serves_many_requests(issuer: FakeIssuer) -> None:
    parts = urlsplit(issuer.url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=10
    )
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "/.well-known/jwks")
        assert json.loads(connection.getresponse().read()) == issuer.jwks()
        assert connection.sock.getsockname() == local
    connection.close()


def test_stop_ends_kept_connections_and_threads(issuer: FakeIssuer) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.get(issuer.jwks_uri).status_code == 200
        before = threading.active_count()
        assert threads_of(issuer)
        issuer.stop()
        assert not threads_of(issuer)
        assert threading.active_count() == before - 2
        with pytest.raises(httpx.TransportError):
            client.get(issuer.jwks_uri)
    issuer.stop()


def test_it_comes_back_where_it_was(issuer: FakeIssuer) -> None:
    url = issuer.url
    issuer.stop()
    assert issuer.issuer == url
    issuer.start()
    assert issuer.url == url
    assert issuer.start() is issuer
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{url}/.well-known/jwks").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", ""])  # noqa: S104
def test_only_loopback(key: SigningKey, host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        FakeIssuer(signing_key=key).start(host=host)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["too large", "negative", "not a digit", "chunked"],
)
def test_a_body_that_is_not_read_ends_the_connection(
    issuer: FakeIssuer, octets: bytes
) -> None:
    answer = raw(issuer, octets + b"GET /.well-known/jwks HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("octets", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"", b"GET /"])
def test_what_is_no_http_hurts_nobody(
    issuer: FakeIssuer, octets: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    raw(issuer, octets)
    assert raw(issuer, b"GET /.well-known/jwks HTTP/1.0\r\n\r\n").endswith(b"}]}")
    assert capfd.readouterr() == ("", "")


def test_a_head_request_gets_no_body(issuer: FakeIssuer) -> None:
    answer = raw(issuer, b"HEAD /.well-known/jwks HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.endswith(b"\r\n\r\n")


def mint(issuer: FakeIssuer, wish: object, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{issuer.url}/dev/mint", json=wish, headers=headers)


@pytest.fixture
def open_issuer(key: SigningKey) -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(signing_key=key)
    issuer.start(may_mint=True)
    yield issuer
    issuer.stop()


def test_development_mints_any_claims(open_issuer: FakeIssuer) -> None:
    wish = {
        "audience": "my-api",
        "claims": {"repository": "acme/app", "jti": None, "extra": 1},
        "lifetime": 60,
        "immutable_subject": True,
    }
    token = mint(open_issuer, wish).json()["value"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60
    assert claims["sub"].startswith("repo:acme@")
    assert "jti" not in claims
    assert (claims["aud"], claims["extra"]) == ("my-api", 1)


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Host": "rebound.example.com"}],
    ids=["a web page's content type", "a web page's host"],
)
def test_a_web_page_cannot_mint(
    open_issuer: FakeIssuer, headers: dict[str, str]
) -> None:
    answer = mint(open_issuer, {"audience": "a"}, **headers)
    assert answer.status_code == 403
    assert "value" not in answer.json()


@pytest.mark.parametrize(
    "wish",
    [
        [],
        7,
        {"claims": []},
        {"claims": 7},
        {"claims": {"sign_with": "x"}},
        {"claims": {"header": "x"}},
        {"lifetime": "x"},
    ],
    ids=repr,
)
def test_a_wish_that_is_none(open_issuer: FakeIssuer, wish: object) -> None:
    assert mint(open_issuer, wish).status_code == 400
