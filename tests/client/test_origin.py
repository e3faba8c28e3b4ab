# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import httpx
import pytest

from github_oidc.client.origin import Origin
from github_oidc.errors import ConfigurationError


@pytest.mark.parametrize(
    "other",
    [
        "https://api.example.com:443/x?y",
        "HTTPS://API.EXAMPLE.COM",
        "https://user@api.example.com",
        "wss://api.example.com/socket",
    ],
)
def test_one_origin(other: str) -> None:
    assert Origin.of(httpx.URL(other)) == Origin.parse("https://api.example.com/")


@pytest.mark.parametrize(
    "other",
    [
        "http://api.example.com:443",
        "https://api.example.com:444",
        "https://api.example.com.",
        "https://api.example.com.evil.example",
        "https://api.example.com@evil.example",
        "https://evil.example/https://api.example.com",
        "https://xn--pi-8cd.example.com",
        "/relative",
    ],
)
def test_another_origin(other: str) -> None:
    assert Origin.of(httpx.URL(other)) != Origin.parse("https://api.example.com")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.example.com",
        "api.example.com:443",
        "https://",
        "http://api.example.com",
        "https://api.example.com/v1",
        "https://api.example.com?x",
        "https://api.example.com#x",
        "https://user:secret@api.example.com",
        "https://api.example.com:secret",
        "ftp://127.0.0.1",
    ],
)
def test_not_an_origin(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Origin.parse(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://a:444",
    ],
)
def test_written_as_it_is_read(text: str) -> None:
    assert str(Origin.parse(text)) == text


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost.", "[::1%25lo]"],
)
def test_other_spellings_of_this_machine_need_https(host: str) -> None:
    with pytest.raises(ConfigurationError):
        Origin.parse(f"http://{host}")
