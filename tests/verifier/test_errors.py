# SPDX-License-Identifier: Apache-2.0
"""Errors: one class per group, sentences for people, and nothing secret in them."""

from __future__ import annotations

import copy
import pickle

import pytest

from github_oidc._reasons import REASONS
from github_oidc.errors import (
    ActionsTokenError,
    ClaimError,
    ConfigurationError,
    GithubOIDCError,
    KeySelectionError,
    KeySetError,
    MalformedTokenError,
    NotAllowedError,
    RequestError,
    SignatureError,
    TokenError,
    UnavailableError,
    error_for,
)

CLASS_OF_GROUP = {
    "request": RequestError,
    "token": MalformedTokenError,
    "key": KeySelectionError,
    "signature": SignatureError,
    "claim": ClaimError,
    "policy": NotAllowedError,
    "key_set": KeySetError,
    "unavailable": UnavailableError,
    "client": ActionsTokenError,
    "configuration": ConfigurationError,
}


def test_every_group_is_one_class() -> None:
    assert {row.group for row in REASONS.values()} == set(CLASS_OF_GROUP)
    assert len(set(CLASS_OF_GROUP.values())) == len(CLASS_OF_GROUP)


@pytest.mark.parametrize("code", REASONS)
class TestEveryCode:
    def test_has_the_class_of_its_group(self, code: str) -> None:
        made = error_for(code)
        assert type(made) is CLASS_OF_GROUP[REASONS[code].group]
        assert isinstance(made, GithubOIDCError)
        assert (made.code, made.claim, made.detail, made.off_by_s) == (
            code,
            None,
            None,
            None,
        )

    def test_speaks_in_one_sentence(self, code: str) -> None:
        made = error_for(code)
        assert made.message == REASONS[code].message
        assert str(made) == f"{code}: {made.message}"
        # It goes into a quoted string of WWW-Authenticate (RFC 6750 3).
        assert made.message.isascii()
        assert made.message.isprintable()
        assert not set(made.message) & set('"\\')

    def test_names_claim_distance_and_detail(self, code: str) -> None:
        made = error_for(code, "exp", "Look at the clock.", 41.6)
        sentence = f"{REASONS[code].message} (exp), off by 42 s"
        assert made.message == sentence
        if isinstance(made, ConfigurationError):
            assert str(made) == "Look at the clock."
        else:
            assert str(made) == f"{code}: {sentence}. Look at the clock."

    def test_survives_pickling(self, code: str) -> None:
        made = error_for(code, "exp", "Look at the clock.", 41.5)
        pickled = [
            pickle.loads(pickle.dumps(made, protocol))  # noqa: S301
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ]
        for again in (copy.copy(made), copy.deepcopy(made), *pickled):
            assert type(again) is type(made)
            assert (str(again), repr(again)) == (str(made), repr(made))
            assert again.__dict__ == made.__dict__


def test_the_tree() -> None:
    kind: type[GithubOIDCError]
    for kind in (MalformedTokenError, KeySelectionError, SignatureError, ClaimError):
        assert issubclass(kind, TokenError)
    for kind in (RequestError, NotAllowedError, KeySetError, UnavailableError):
        assert issubclass(kind, GithubOIDCError)
        assert not issubclass(kind, TokenError)
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(ActionsTokenError, RuntimeError)


@pytest.mark.parametrize("code", ["", "no_reason", "Token_Expired", "token_expired "])
def test_other_codes_are_mistakes(code: str) -> None:
    with pytest.raises(KeyError):
        error_for(code)
    with pytest.raises(ValueError, match="not a reason") as caught:
        TokenError(code)
    assert not code or code not in str(caught.value)


def test_a_token_error_needs_a_code() -> None:
    with pytest.raises(ValueError, match="not a reason"):
        TokenError()


def test_a_setting_is_refused_with_a_sentence() -> None:
    made = ConfigurationError("set an audience")
    assert (made.code, made.detail) == ("invalid_configuration", "set an audience")
    assert str(made) == "set an audience"
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert (again.code, str(again)) == (made.code, str(made))
