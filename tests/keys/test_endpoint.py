# SPDX-License-Identifier: Apache-2.0
"""What a fetch accepts, by transports of both kinds, and how faults are told."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from github_oidc import ConfigurationError, KeySource
from github_oidc.errors import UnavailableError
from github_oidc.testing import FakeIssuer

if TYPE_CHECKING:
    from .conftest import Site, Verify

ISSUER = "https://issuer.example"
SECRET = "not-for-anyone"


class SyncTransport(httpx.BaseTransport):
    """A transport that knows no event loop."""

    def __init__(self, handler: Callable[[httpx.Request], httpx.Response]) -> None:
        self.handler = handler
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.handler(request)

    def close(self) -> None:
        self.closed = True


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 4096
            yield b" " * 4096

    async def __aiter__(self) -> Any:
        for chunk in self:
            yield chunk


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


def answering(*args: Any, **settings: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(*args, **settings)


FAULTS: dict[str, tuple[Callable[[httpx.Request], httpx.Response], str, str]] = {
    "redirect": (
        answering(302, headers={"Location": f"{ISSUER}/{SECRET}"}),
        "keys_unavailable",
        "redirects are not followed",
    ),
    "not_modified": (answering(304), "keys_unavailable", "answered 304"),
    "no_content": (answering(204), "keys_unavailable", "answered 204"),
    "forbidden": (answering(403, text=SECRET), "keys_unavailable", "answered 403"),
    "not_found": (answering(404, text=SECRET), "keys_unavailable", "answered 404"),
    "server_error": (answering(500, text=SECRET), "keys_unavailable", "answered 500"),
    "compressed": (
        answering(
            200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"x")
        ),
        "keys_unavailable",
        "compressed",
    ),
    "html": (answering(200, html=SECRET), "keys_unavailable", "something else"),
    "xml": (
        answering(200, headers={"Content-Type": "application/xml"}, content=b"<a/>"),
        "keys_unavailable",
        "something else",
    ),
    "no_json": (answering(200, text=SECRET), "keys_unavailable", "malformed_key_set"),
    "no_keys": (answering(200, json={"keys": []}), "keys_unavailable", "empty_key_set"),
    "too_many_keys": (
        answering(200, json={"keys": [{"kty": "oct"}] * 101}),
        "keys_unavailable",
        "key_set_too_large",
    ),
    "too_large": (
        answering(200, content=b" " * (256 * 1024 + 1)),
        "response_too_large",
        "256 KiB",
    ),
    "too_large_by_its_own_account": (
        answering(
            200, headers={"Content-Length": "9" * 30}, stream=httpx.ByteStream(b"{}")
        ),
        "response_too_large",
        "256 KiB",
    ),
    "timeout": (failing(httpx.ReadTimeout(SECRET)), "keys_unavailable", "in time"),
    "no_host": (failing(httpx.ConnectError(SECRET)), "keys_unavailable", "reached"),
    "no_trust": (
        failing(httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")),
        "keys_unavailable",
        "certificate",
    ),
    "no_proxy": (failing(httpx.ProxyError(SECRET)), "keys_unavailable", "proxy"),
    "no_http": (
        failing(httpx.RemoteProtocolError(SECRET)),
        "keys_unavailable",
        "protocol",
    ),
    "surprise": (failing(KeyError(SECRET)), "keys_unavailable", "KeyError"),
}


@pytest.mark.parametrize("kind", [httpx.MockTransport, SyncTransport])
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_become_one_safe_sentence(fault: str, kind: Any) -> None:
    handler, code, words = FAULTS[fault]
    source = KeySource(ISSUER, jwks_uri=f"{ISSUER}/keys", transport=kind(handler))
    with pytest.raises(UnavailableError) as refused:
        source.warm_up_sync()
    assert refused.value.code == code
    assert words in str(refused.value)
    assert "issuer.example" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("kind", [httpx.MockTransport, SyncTransport])
def test_an_endless_answer_is_cut_off(kind: Any) -> None:
    stream = Endless()
    transport = kind(lambda _: httpx.Response(200, stream=stream))
    source = KeySource(ISSUER, jwks_uri=f"{ISSUER}/keys", transport=transport)
    with pytest.raises(UnavailableError) as refused:
        source.warm_up_sync()
    assert refused.value.code == "response_too_large"
    assert stream.sent <= 300 * 1024


def test_metadata_has_a_smaller_limit() -> None:
    transport = httpx.MockTransport(answering(200, content=b" " * (64 * 1024 + 1)))
    with pytest.raises(UnavailableError, match="64 KiB") as refused:
        KeySource(ISSUER, transport=transport).warm_up_sync()
    assert refused.value.code == "response_too_large"


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "application/json",
        "application/json; charset=utf-8",
        "Application/JWK-Set+JSON",
        "application/jwk-set+json",
        "text/plain",
        "application/octet-stream",
    ],
)
def test_media_types_under_which_keys_are_served(media_type: str | None) -> None:
    issuer = FakeIssuer(ISSUER, algorithm="ES256")
    body = httpx.Response(200, json=issuer.jwks()).content
    headers = {"Content-Type": media_type} if media_type else {}
    transport = httpx.MockTransport(answering(200, content=body, headers=headers))
    source = KeySource(ISSUER, jwks_uri=f"{ISSUER}/keys", transport=transport)
    source.warm_up_sync()
    assert source.status().keys == 1


def test_a_synchronous_transport_works_and_is_not_closed(
    site: Site, verify: Verify
) -> None:
    transport = SyncTransport(answering(200, json=site.issuer.jwks()))
    source = KeySource(ISSUER, jwks_uri=f"{ISSUER}/keys", transport=transport)
    verify(source, site.mint())
    assert not transport.closed


def test_an_answer_that_takes_too_long_ends_the_fetch(site: Site) -> None:
    from github_oidc.keys.endpoint import FetchLimits

    site.gate_open = False
    source = KeySource(
        ISSUER, transport=site.transport, _limits=FetchLimits(total_s=0.02)
    )
    with pytest.raises(UnavailableError, match="did not answer in time"):
        source.warm_up_sync()


def context(mode: ssl.VerifyMode, check_hostname: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = check_hostname
    made.verify_mode = mode
    return made


@pytest.mark.parametrize(
    "settings",
    [
        {"verify": False},
        {"verify": None},
        {"verify": "/nowhere/ca.pem"},
        {"verify": __file__},
        {"verify": context(ssl.CERT_NONE, False)},
        {"verify": context(ssl.CERT_REQUIRED, False)},
        {"proxy": "gopher://127.0.0.1"},
        {"proxy": "127.0.0.1:8080"},
        {"proxy": 5},
        {"transport": "https://issuer.example"},
        {"transport": httpx.MockTransport(answering(200)), "proxy": "http://127.0.0.1"},
        {"transport": httpx.MockTransport(answering(200)), "verify": "/ca.pem"},
        {"jwks_uri": f"{ISSUER}/keys", "jwks": {"keys": []}},
        {"jwks_file": "keys.json", "jwks": {"keys": []}},
        {"jwks": {"keys": []}, "proxy": "http://127.0.0.1"},
        {"jwks_file": "keys.json", "transport": httpx.MockTransport(answering(200))},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        KeySource(ISSUER, **settings)


def test_an_unusable_proxy_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as refused:
        KeySource(ISSUER, proxy=f"gopher://user:{SECRET}@127.0.0.1")
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_own_ca_and_an_own_context_are_accepted(tmp_path: Path) -> None:
    import certifi

    KeySource(ISSUER, verify=certifi.where())
    KeySource(ISSUER, verify=Path(certifi.where()))
    KeySource(ISSUER, verify=ssl.create_default_context())


def test_no_proxy_of_the_environment_stands_in_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeIssuer() as issuer:
        KeySource(issuer.issuer).warm_up_sync()
        assert issuer.requests["jwks"] == 1
