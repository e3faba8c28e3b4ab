# SPDX-License-Identifier: Apache-2.0
"""Any header bytes give one token or a documented refusal."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_oidc.errors import RequestError
from github_oidc.server.bearer import authorization_values, bearer_token

TOKEN68 = string.ascii_letters + string.digits + "-._~+/="


def test_other_headers_are_not_read() -> None:
    headers = [
        (b"x-authorization", b"Bearer a"),
        (b"proxy-authorization", b"Bearer b"),
        (b"authorization", b"Bearer c"),
        (b"cookie", b"authorization=Bearer d"),
    ]
    assert authorization_values(headers) == [b"Bearer c"]


@given(st.text(TOKEN68, min_size=1), st.integers(1, 4))
def test_a_token_comes_back_whole(token: str, spaces: int) -> None:
    value = b"Bearer" + b" " * spaces + token.encode()
    assert bearer_token([value]) == token


@given(st.one_of(st.binary(), st.binary().map(lambda value: b"Bearer " + value)))
def test_any_value(value: bytes) -> None:
    error: RequestError | None = None
    try:
        token = bearer_token([value])
    except RequestError as raised:
        error = raised
    if error is None:
        # Nothing was stripped but the spaces between the scheme and the token.
        assert value.endswith(token.encode("latin-1"))
        assert set(value[6 : len(value) - len(token)]) == {0x20}
        assert not set(token.encode("latin-1")) & set(b" \t\n\r\x0b\x0c")
    elif error.code == "missing_token":
        assert value.split()[:1] != [b"Bearer"]
    else:
        assert error.code == "invalid_request"


@given(st.lists(st.binary(), min_size=2, max_size=4))
def test_several_headers(values: list[bytes]) -> None:
    with pytest.raises(RequestError) as refused:
        bearer_token(values)
    assert refused.value.code == "invalid_request"
