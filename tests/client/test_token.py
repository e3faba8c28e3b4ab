# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import copy
import io
import pickle
import sys

import pytest

from github_oidc.client.token import (
    ActionsToken,
    Secret,
    is_compact_jws,
    mask,
    unverified_lifetime_s,
)


def with_payload(text: bytes) -> Secret:
    payload = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    return Secret(f"e30.{payload}.c2ln")


@pytest.mark.parametrize(
    ("claims", "lifetime_s"),
    [
        (b'{"iat": 1000, "exp": 1300}', 300.0),
        (b'{"iat": 1000.5, "exp": 1300}', 299.5),
        (b'{"iat": 1000, "exp": 999}', 0.0),
        (b'{"iat": 1000, "exp": 9000000000}', 3600.0),
        (b'{"iat": 1000, "exp": 1e400}', 0.0),
        (b'{"iat": 1000, "exp": NaN}', 0.0),
        (b'{"iat": 1000, "exp": 1' + b"0" * 500 + b"}", 0.0),
        (b'{"iat": 1000, "exp": 1' + b"0" * 5000 + b"}", 0.0),
        (b'{"iat": false, "exp": 300}', 0.0),
        (b'{"iat": 1000, "exp": "1300"}', 0.0),
        (b'{"exp": 1300}', 0.0),
        (b'{"iat": 1000}', 0.0),
        (b"[]", 0.0),
        (b"{", 0.0),
        (b"\xff", 0.0),
        (b"[" * 10_000, 0.0),
    ],
)
def test_lifetime(claims: bytes, lifetime_s: float) -> None:
    assert unverified_lifetime_s(with_payload(claims)) == lifetime_s


@pytest.mark.parametrize("token", ["a.b.c", "aA0-_.b.c", f"a.b.{'c' * 16380}"])
def test_compact_jws(token: str) -> None:
    assert is_compact_jws(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "a..c",
        ".b.c",
        "a.b.",
        "a.b.c\n",
        "a.b.c\r\n::set-output::x",
        "a.b.c=",
        "a.b.c ",
        "a.b.\u00e9",
        f"a.b.{'c' * 16381}",
    ],
)
def test_no_compact_jws(token: str) -> None:
    assert not is_compact_jws(token)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hidden")
    token = ActionsToken(secret, 1.0)
    for text in (str(secret), repr(secret), f"{secret}", repr([secret]), repr(token)):
        assert "hidden" not in text
    for move in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not pickled"):
            move(secret)


def test_mask_starts_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("no newline here")
    mask(Secret("a.b.c"))
    assert capsys.readouterr().out.splitlines()[1:] == ["::add-mask::a.b.c"]


@pytest.mark.parametrize("stdout", ["closed", "none"])
def test_nothing_to_mask_in(stdout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream if stdout == "closed" else None)
    mask(Secret("a.b.c"))
