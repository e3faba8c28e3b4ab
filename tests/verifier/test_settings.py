# SPDX-License-Identifier: Apache-2.0
"""Settings fail closed: what is missing, empty or not finite is never "any"."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

from github_oidc import AUDIENCE_FROM_POLICY, ConfigurationError, JWKSet, Verifier
from github_oidc.errors import KeySetError
from github_oidc.verifier import AudienceUncheckedClaims, verify_jws

from .forge import AUDIENCE, ISSUER, NOW, Forge

NO_TEXTS = [
    pytest.param("", id="empty text"),
    pytest.param([], id="empty list"),
    pytest.param((), id="empty tuple"),
    pytest.param([""], id="list of an empty text"),
    pytest.param(["good", ""], id="one of two empty"),
    pytest.param(None, id="None"),
    pytest.param([None], id="list of None"),
    pytest.param(b"good", id="bytes"),
    pytest.param([b"good"], id="list of bytes"),
    pytest.param(5, id="number"),
    pytest.param(True, id="bool"),
    pytest.param("\ud800", id="lone surrogate"),
    pytest.param(["good", "a\udfffb"], id="lone surrogate inside"),
]

NO_SECONDS = [
    pytest.param(-1, id="negative"),
    pytest.param(-1e-9, id="barely negative"),
    pytest.param(float("nan"), id="nan"),
    pytest.param(float("inf"), id="inf"),
    pytest.param(float("-inf"), id="-inf"),
    pytest.param(10**400, id="beyond double"),
    pytest.param("30", id="text"),
    pytest.param(True, id="bool"),
    pytest.param([30], id="list"),
]


def verifier(**changes: Any) -> Verifier:
    settings: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, **changes}
    return Verifier(**settings)


def test_the_unchanged_settings_are_good() -> None:
    made = verifier()
    assert made.issuers == (ISSUER,)
    assert made.audiences == (AUDIENCE,)
    assert made.algorithms == ("RS256",)
    assert repr(made) == f"<Verifier issuer=('{ISSUER}',) audience=('{AUDIENCE}',)>"


@pytest.mark.parametrize("setting", ["issuer", "audience", "algorithms", "types"])
@pytest.mark.parametrize("value", NO_TEXTS)
def test_no_text_is_no_setting(setting: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        verifier(**{setting: value})
    assert caught.value.code == "invalid_configuration"
    assert setting in str(caught.value)


@pytest.mark.parametrize("setting", ["issuer", "audience"])
def test_issuer_and_audience_are_required(setting: str) -> None:
    settings: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE}
    del settings[setting]
    with pytest.raises(TypeError, match=setting):
        Verifier(**settings)


def test_settings_have_names() -> None:
    with pytest.raises(TypeError):
        Verifier(ISSUER, AUDIENCE)  # type: ignore[call-arg]


@pytest.mark.parametrize("setting", ["leeway", "max_age"])
@pytest.mark.parametrize("value", NO_SECONDS)
def test_seconds_are_finite_and_not_negative(setting: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        verifier(**{setting: value})


def test_leeway_has_no_none() -> None:
    with pytest.raises(ConfigurationError, match="leeway"):
        verifier(leeway=None)


@pytest.mark.parametrize("setting", ["accept_expired", "allow_other_audiences"])
@pytest.mark.parametrize("value", ["false", "", 0, 1, None, []])
def test_switches_are_true_or_false(setting: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        verifier(max_age=60, **{setting: value})


@pytest.mark.parametrize(
    "algorithm",
    [
        "none",
        "None",
        "HS256",
        "RS256 ",
        "rs256",
        "RS1",
        "ES256K",
        "RSA",
        "dir",
        "RS256\0",
    ],
)
def test_unknown_algorithms(forge: Forge, algorithm: str) -> None:
    for algorithms in ([algorithm], ["RS256", algorithm]):
        with pytest.raises(ConfigurationError):
            verifier(algorithms=algorithms)
        with pytest.raises(ConfigurationError):
            verify_jws(forge.token(), keys=forge.keys, algorithms=algorithms)


@pytest.mark.parametrize("value", NO_TEXTS)
def test_verify_jws_has_the_same_settings(forge: Forge, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="algorithms"):
        verify_jws(forge.token(), keys=forge.keys, algorithms=value)
    with pytest.raises(ConfigurationError, match="types"):
        verify_jws(forge.token(), keys=forge.keys, types=value)


@pytest.mark.parametrize("max_age", [None, 21_600.001, 86_400])
def test_accept_expired_needs_a_short_max_age(max_age: float | None) -> None:
    with pytest.raises(ConfigurationError, match="max_age"):
        verifier(accept_expired=True, max_age=max_age)
    verifier(accept_expired=True, max_age=21_600)


def test_accept_expired_needs_a_short_leeway() -> None:
    with pytest.raises(ConfigurationError, match="leeway"):
        verifier(accept_expired=True, max_age=21_600, leeway=601)
    verifier(accept_expired=True, max_age=21_600, leeway=600)


@pytest.mark.parametrize(
    "now",
    [float("nan"), float("inf"), float("-inf"), 10**400, "1", b"1", True, [], {}],
    ids=repr,
)
def test_the_clock_is_finite(forge: Forge, now: Any) -> None:
    token = forge.token()
    with pytest.raises(ConfigurationError, match="now") as caught:
        forge.verify(token, now=now)
    assert token not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    made: Any = verifier()
    for name in ("issuers", "audiences", "algorithms", "leeway", "other"):
        with pytest.raises(AttributeError):
            setattr(made, name, ())


def test_lists_that_were_given_may_change_afterwards(forge: Forge) -> None:
    issuers = ["https://other.example"]
    made = verifier(issuer=issuers)
    issuers.append(ISSUER)
    assert made.issuers == ("https://other.example",)
    with pytest.raises(Exception, match="issuer_mismatch"):
        made.verify(forge.token(), keys=forge.keys, now=NOW)


def test_several_issuers_and_audiences(forge: Forge) -> None:
    settings: dict[str, Any] = {
        "issuer": ("https://other.example", ISSUER),
        "audience": {"other", AUDIENCE},
    }
    assert forge.verify(forge.token(), **settings)["iss"] == ISSUER


class TestAudienceFromPolicy:
    def test_gives_claims_of_another_type(self, forge: Forge) -> None:
        made: Any = forge.verify(forge.token(aud="x"), audience=AUDIENCE_FROM_POLICY)
        assert type(made) is AudienceUncheckedClaims
        assert made["aud"] == "x"

    def test_is_shown(self) -> None:
        made = verifier(audience=AUDIENCE_FROM_POLICY)
        assert made.audiences is None
        assert "from policy" in repr(made)
        assert repr(AUDIENCE_FROM_POLICY) == "AUDIENCE_FROM_POLICY"

    @pytest.mark.parametrize("value", ["AUDIENCE_FROM_POLICY", [AUDIENCE_FROM_POLICY]])
    def test_is_no_text_and_no_member_of_a_list(
        self, forge: Forge, value: object
    ) -> None:
        if isinstance(value, str):
            assert forge.reason(forge.token(), audience=value)[0] == "audience_mismatch"
        else:
            with pytest.raises(ConfigurationError):
                verifier(audience=value)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"aud": None}, ("malformed_claim", "aud")),
            ({"aud": [AUDIENCE, 5]}, ("malformed_claim", "aud")),
            ({"iss": "https://other.example"}, ("issuer_mismatch", "iss")),
            ({"exp": NOW - 31}, ("token_expired", "exp")),
            ({"sub": ""}, ("malformed_claim", "sub")),
        ],
    )
    def test_everything_else_is_checked(
        self, forge: Forge, changes: dict[str, object], reason: tuple[str, str]
    ) -> None:
        token = forge.token(**changes)
        assert forge.reason(token, audience=AUDIENCE_FROM_POLICY) == reason


class TestKeySet:
    def test_is_made_by_its_class_methods_only(self) -> None:
        with pytest.raises(TypeError, match="from_dict"):
            JWKSet()

    def test_describes_itself_without_its_keys(self, forge: Forge) -> None:
        keys = JWKSet.from_dict({"keys": [forge.key.jwk()]}, issuer=ISSUER)
        assert (len(keys), keys.kids, keys.issuer) == (1, (forge.key.kid,), ISSUER)
        assert repr(keys) == f"<JWKSet keys=1 issuer='{ISSUER}'>"
        assert forge.keys.issuer is None

    def test_is_immutable(self, forge: Forge) -> None:
        keys: Any = forge.keys
        for name in ("issuer", "kids", "_core", "other"):
            with pytest.raises(AttributeError):
                setattr(keys, name, None)

    @pytest.mark.parametrize("issuer", ["", 0, b"", [], "\ud800", True])
    def test_an_issuer_that_would_bind_to_none(self, forge: Forge, issuer: Any) -> None:
        with pytest.raises(ConfigurationError, match="issuer"):
            JWKSet.from_dict({"keys": [forge.key.jwk()]}, issuer=issuer)

    def test_a_bound_set_refuses_another_issuers_token(self, forge: Forge) -> None:
        other = "https://other.example"
        bound = JWKSet.from_dict({"keys": [forge.key.jwk()]}, issuer=other)
        accepted: dict[str, Any] = {"issuer": [ISSUER, other], "keys": bound}
        assert forge.reason(forge.token(), **accepted) == ("issuer_mismatch", "iss")
        assert forge.verify(forge.token(iss=other), **accepted)["iss"] == other

    @pytest.mark.parametrize("kind", [str, bytes, dict, MappingProxyType])
    def test_forms(self, forge: Forge, kind: Any) -> None:
        document = {"keys": [forge.key.jwk()]}
        text = json.dumps(document)
        forms: dict[Any, Any] = {str: text, bytes: text.encode()}
        if kind in forms:
            assert len(JWKSet.from_json(forms[kind])) == 1
        else:
            assert len(JWKSet.from_dict(kind(document))) == 1

    @pytest.mark.parametrize("value", [None, 5, bytearray(b"{}"), ["{}"]])
    def test_other_types_are_no_text(self, value: Any) -> None:
        with pytest.raises(TypeError, match=f"str, not {type(value).__name__}"):
            JWKSet.from_json(value)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "malformed_key_set"),
            ("null", "malformed_key_set"),
            ("[]", "malformed_key_set"),
            ("{}", "malformed_key_set"),
            ('{"keys": {}}', "malformed_key_set"),
            ('{"Keys": []}', "malformed_key_set"),
            ('{"keys": [], "keys": []}', "malformed_key_set"),
            ('{"keys": []} x', "malformed_key_set"),
            ('\ufeff{"keys": []}', "malformed_key_set"),
            ('{"keys": ["\ud800"]}', "malformed_key_set"),
            (b'{"keys": ["\xff"]}', "malformed_key_set"),
            ("[" * 100_000, "malformed_key_set"),
            ('{"keys": []}', "empty_key_set"),
            ('{"keys": [{}, 5, null, {"kty": "oct", "k": "AAAA"}]}', "empty_key_set"),
            ('{"keys": [' + "5," * 100 + "5]}", "key_set_too_large"),
            (" " * (256 * 1024 + 1), "key_set_too_large"),
            ("\u00e9" * (256 * 1024 + 1), "key_set_too_large"),
            ("\u00e9" * (256 * 1024), "key_set_too_large"),
        ],
    )
    def test_refused_texts(self, text: str | bytes, code: str) -> None:
        with pytest.raises(KeySetError) as caught:
            JWKSet.from_json(text)
        assert caught.value.code == code

    def test_a_private_key_in_broken_text_is_in_no_error(self) -> None:
        with pytest.raises(KeySetError) as caught:
            JWKSet.from_json(b'{"keys": [{"d": "secret\xff"}]}')
        assert caught.value.__context__ is None

    @pytest.mark.parametrize(
        "value",
        [None, 5, [], "{}", {"keys": {1, 2}}, {"keys": [float("nan")]}, {"keys": b""}],
        ids=repr,
    )
    def test_refused_mappings(self, value: Any) -> None:
        with pytest.raises(KeySetError, match="malformed_key_set"):
            JWKSet.from_dict(value)

    def test_a_mapping_that_holds_itself(self) -> None:
        endless: dict[str, object] = {}
        endless["keys"] = endless
        with pytest.raises(KeySetError, match="malformed_key_set"):
            JWKSet.from_dict(endless)

    def test_good_keys_work_beside_junk(self, forge: Forge) -> None:
        good = forge.key.jwk()
        junk = [
            None,
            {},
            {"kty": "XX"},
            {**good, "kid": "e", "e": "AQ"},
            {"kty": "oct"},
        ]
        keys = JWKSet.from_dict({"keys": [*junk, good]})
        assert keys.kids == (forge.key.kid,)
        assert forge.verify(forge.token(), keys=keys)
