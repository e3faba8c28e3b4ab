# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from github_oidc import ConfigurationError, KeySource
from github_oidc.errors import UnavailableError
from github_oidc.keys.location import jwks_uri_in, metadata_url

ISSUER = "https://issuer.example/tenant"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer.example",
        "https://issuer.example/",
        "https://issuer.example:8443/a/b",
        "https://[2001:db8::1]/a",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://127.9.9.9",
        "http://[::1]:8000",
    ],
)
def test_issuers_that_keys_may_come_from(issuer: str) -> None:
    assert KeySource(issuer).issuer == issuer


BAD_URLS = [
    "",
    "issuer.example",
    "http://issuer.example",
    "HTTPS://issuer.example",
    "ftp://issuer.example",
    "file:///etc/keys.json",
    "data:application/json,{}",
    "https://",
    "https:///path",
    "https:issuer.example",
    "https://user@issuer.example",
    "https://user:password@issuer.example",
    "https://issuer.example#fragment",
    "https://issuer.example\\@evil.example",
    "https://issuer.example:port",
    "https://issuer.example:99999",
    "https://issuer.example:0",
    "https://issuer.example:",
    "https://issuer%2eexample",
    "https://issuer.example\n",
    " https://issuer.example",
    "https://issuer.example/a b",
    "https://issuer.example\u3002evil.example",
    "https://[::1",
    "https://[issuer.example]",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "http://2130706433",
    "http://0x7f.0.0.1",
    "http://127.1",
    "http://0.0.0.0",
    "http://[::ffff:127.0.0.1]",
    "http://10.0.0.1",
    "https://issuer.example/" + "a" * 2048,
]


@pytest.mark.parametrize("url", [*BAD_URLS, "https://issuer.example?q=1"], ids=repr)
def test_what_is_no_issuer_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="issuer"):
        KeySource(url)


@pytest.mark.parametrize("url", BAD_URLS, ids=repr)
def test_where_keys_must_not_come_from(url: str) -> None:
    with pytest.raises(ConfigurationError, match="jwks_uri="):
        KeySource(ISSUER, jwks_uri=url)


@pytest.mark.parametrize("issuer", [None, 5, b"https://issuer.example", ["https://a"]])
def test_an_issuer_is_a_text(issuer: object) -> None:
    with pytest.raises(ConfigurationError):
        KeySource(issuer)  # type: ignore[arg-type]


def test_one_slash_lies_between_issuer_and_well_known() -> None:
    expected = "https://issuer.example/a/.well-known/openid-configuration"
    assert metadata_url("https://issuer.example/a") == expected
    assert metadata_url("https://issuer.example/a/") == expected


def metadata(**members: object) -> bytes:
    good = {"issuer": ISSUER, "jwks_uri": "https://issuer.example/keys"}
    return json.dumps(good | members).encode()


def test_good_metadata_names_the_jwks_uri() -> None:
    text = metadata(nested={"a": [{"b": '[[[[[[[[[[[[[[[[[[[[\\"['}]})
    assert jwks_uri_in(text, issuer=ISSUER) == "https://issuer.example/keys"
    other_port = metadata(jwks_uri="https://issuer.example:8443/keys?v=1")
    assert jwks_uri_in(other_port, issuer=ISSUER).endswith(":8443/keys?v=1")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        metadata()[:-1],
        metadata() + b"{}",
        b"\xef\xbb\xbf" + metadata(),
        metadata().decode().encode("utf-16"),
        metadata().replace(b"issuer.example", b"\xff"),
        b'{"issuer": "x", "issuer": "y"}',
        metadata(extra={"a": 1}).replace(b'"a": 1', b'"a": 1, "a": 1'),
        metadata(extra=float("nan")),
        metadata(extra=float("inf")),
        b'{"a":' * 17 + b"1" + b"}" * 17,
        b"[" * 60_000,
        b'{"a": "' + b'\\"' * 30_000,
        b'{"a": "' + b'"\\' * 30_000,
        b'{"a": ' + b"9" * 60_000 + b"}",
        metadata(jwks_uri=None),
        metadata(jwks_uri=["https://issuer.example/keys"]),
        json.dumps({"issuer": ISSUER}).encode(),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_malformed_metadata_is_refused(text: bytes) -> None:
    with pytest.raises(UnavailableError) as refused:
        jwks_uri_in(text, issuer=ISSUER)
    assert refused.value.code == "malformed_metadata"
    assert "issuer.example" in str(refused.value)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer.example/tenant/",
        "https://issuer.example",
        "https://issuer.example/Tenant",
        "https://ISSUER.example/tenant",
        "https://evil.example",
        None,
        [ISSUER],
    ],
)
def test_metadata_of_another_issuer_is_refused(issuer: object) -> None:
    with pytest.raises(UnavailableError) as refused:
        jwks_uri_in(metadata(issuer=issuer), issuer=ISSUER)
    assert refused.value.code == "metadata_mismatch"
    assert "evil" not in str(refused.value)


@pytest.mark.parametrize(
    "jwks_uri",
    [*BAD_URLS, "https://evil.example/keys", "https://sub.issuer.example/keys"],
    ids=repr,
)
def test_keys_stay_on_the_issuers_host(jwks_uri: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        jwks_uri_in(metadata(jwks_uri=jwks_uri), issuer=ISSUER)
    assert refused.value.code == "insecure_jwks_uri"
    assert "jwks_uri=" in str(refused.value)
    assert "evil" not in str(refused.value)
