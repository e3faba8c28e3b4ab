# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in, a documented error comes out, and it holds none of the token."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from github_oidc import JWKSet, TokenError, VerifiedClaims
from github_oidc.errors import GithubOIDCError, KeySetError
from github_oidc.testing import FakeIssuer, SigningKey
from github_oidc.verifier import verify_jws

from .forge import ISSUER, NOW, Forge

EXAMPLES = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,  # a failing run fails again
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FORGE = Forge(SigningKey.generate("Ed25519", kid="kid"))

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
HEADER_NAMES = ("alg", "typ", "kid", "crit", "b64", "zip", "cty", "jku", "jwk", "x5c")
CLAIM_NAMES = ("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "other")
JWK_NAMES = ("kty", "crv", "alg", "use", "key_ops", "kid", "n", "e", "x", "y", "k", "d")
FITTING = st.sampled_from(
    [
        *("RS256", "Ed25519", "JWT", "kid", ISSUER, "my-api", "OKP", "RSA", "sig"),
        *(NOW, int(NOW), NOW + 100, -1, 1e300, ["my-api"], ["verify"], "AQAB"),
    ]
)


def json_octets(value: object) -> bytes:
    return json.dumps(value).encode()


def members(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names), FITTING | VALUES, max_size=6)


def outcome(call: Callable[[], object]) -> object:
    """What the call returns, or the error with which it refuses."""
    try:
        return call()
    except GithubOIDCError as error:
        return error


def refuses_without_repeating(token: str) -> None:
    for call in (
        lambda: FORGE.verify(token),
        lambda: verify_jws(token, keys=FORGE.keys, algorithms=["Ed25519"]),
    ):
        error = outcome(call)
        assert isinstance(error, TokenError)
        assert_holds_nothing_of(error, token)


def assert_holds_nothing_of(error: GithubOIDCError, token: str) -> None:
    message = f"{error} {error!r} {error.args} {error.__dict__}"
    told = "".join(traceback.format_exception_only(type(error), error))
    for segment in token.split("."):
        # Shorter ones are found in any sentence.
        if len(segment) > 12:
            assert segment not in message
            assert segment not in told
    assert error.__cause__ is None


@EXAMPLES
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_any_text(text: str) -> None:
    refuses_without_repeating(text)


@EXAMPLES
@given(st.binary(max_size=300))
def test_any_octets(octets: bytes) -> None:
    refuses_without_repeating(octets.decode("latin-1"))
    refuses_without_repeating(octets.decode("utf-8", "surrogateescape"))


@EXAMPLES
@given(st.lists(st.text("AQgw_-", max_size=40), min_size=3, max_size=3))
def test_any_base64url(segments: list[str]) -> None:
    refuses_without_repeating(".".join(segments))


@EXAMPLES
@given(members(HEADER_NAMES), st.booleans())
def test_any_header(changes: dict[str, object], replace: bool) -> None:
    header = changes if replace else FORGE.header(**changes)
    token = FORGE.token(json.dumps(header))
    result = outcome(lambda: FORGE.verify(token))
    if isinstance(result, GithubOIDCError):
        assert isinstance(result, TokenError)
        assert_holds_nothing_of(result, token)
    else:
        assert isinstance(result, VerifiedClaims)
        assert header["alg"] == "Ed25519"
        assert header.get("kid", "kid") == "kid"
        assert not {"crit", "zip"} & set(header)
        assert str(header.get("typ", "JWT")).upper() == "JWT"


@EXAMPLES
@given(members(CLAIM_NAMES), st.booleans())
def test_any_claims(changes: dict[str, object], replace: bool) -> None:
    claims = changes if replace else FORGE.claims(**changes)
    text = json.dumps(claims)
    token = FORGE.token(None, text)
    result = outcome(lambda: FORGE.verify(token))
    if isinstance(result, GithubOIDCError):
        assert isinstance(result, TokenError)
        assert_holds_nothing_of(result, token)
    else:
        assert isinstance(result, VerifiedClaims)
        assert json.dumps(dict(result)) == text
        assert result["iss"] == ISSUER
        assert result["aud"] in ("my-api", ["my-api"])


@EXAMPLES
@given(
    st.binary(min_size=1, max_size=120)
    | VALUES.map(lambda value: json.dumps(value).encode())
)
def test_any_payload(payload: bytes) -> None:
    token = FORGE.token(None, payload)
    assert verify_jws(token, keys=FORGE.keys, algorithms=["Ed25519"]) == payload
    assert isinstance(outcome(lambda: FORGE.verify(token)), TokenError)


@EXAMPLES
@given(st.lists(members(JWK_NAMES) | VALUES, max_size=5), st.booleans())
def test_any_key_set(jwks: list[object], with_good: bool) -> None:
    document = {"keys": [*jwks, FORGE.key.jwk()] if with_good else jwks}
    text = json.dumps(document)
    for call in (lambda: JWKSet.from_json(text), lambda: JWKSet.from_dict(document)):
        result = outcome(call)
        if isinstance(result, JWKSet):
            assert 0 < len(result) <= len(document["keys"])
            verdict = outcome(partial(FORGE.verify, FORGE.token(), keys=result))
            assert isinstance(verdict, VerifiedClaims | TokenError)
        else:
            assert isinstance(result, KeySetError)


@EXAMPLES
@given(VALUES | st.text(max_size=40) | st.binary(max_size=40))
def test_any_document_as_a_key_set(value: Any) -> None:
    text = value if isinstance(value, str | bytes) else json.dumps(value)
    assert isinstance(outcome(partial(JWKSet.from_json, text)), KeySetError)
    assert isinstance(outcome(lambda: JWKSet.from_dict(value)), KeySetError)


@EXAMPLES
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=127))
def test_one_changed_character(at: int, step: int) -> None:
    """Every character of a token counts, but for a header that nobody reads."""
    token = FORGE.token()
    at %= len(token)
    other = chr((ord(token[at]) + step) % 128)
    changed = f"{token[:at]}{other}{token[at + 1 :]}"
    if changed != token:
        refuses_without_repeating(changed)


@EXAMPLES
@given(st.integers(min_value=0, max_value=400), st.text(max_size=3))
def test_cut_and_extended(length: int, tail: str) -> None:
    token = FORGE.token()
    if token[:length] + tail != token:
        refuses_without_repeating(token[:length] + tail)


def test_the_forge_is_not_the_fake_issuers_default() -> None:
    # Otherwise the tokens above would be refused for their issuer.
    assert FakeIssuer(ISSUER).issuer == FORGE.claims()["iss"]
