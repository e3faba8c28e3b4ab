# SPDX-License-Identifier: Apache-2.0
"""VerifiedClaims as the mapping that it is, and that nobody else can make."""

from __future__ import annotations

import collections.abc
import copy
import inspect
import json
import pickle
from types import MappingProxyType
from typing import Any

import pytest

from github_oidc import AUDIENCE_FROM_POLICY, VerifiedClaims
from github_oidc._core import JWKSet as CoreKeySet
from github_oidc._core import Refusal, Subject
from github_oidc.verifier import AudienceUncheckedClaims

from .forge import AUDIENCE, ISSUER, NOW, Forge

APPLICATION = {
    "nothing": None,
    "yes": True,
    "no": False,
    "least": -(2**63),
    "most": 2**63 - 1,
    "fraction": 0.5,
    "empty": "",
    "letter": "x",
    "sharp": "ß",
    "text": "naïve café \U0001f600 \u0000 \u2028",
    "list": [1, "two", [3.5, None], {}],
    "object": {"a": {"b": ["c"]}, "": 0},
    "": "the empty name",
    "__proto__": {"constructor": 1},
    "größe": "non-ASCII name",
    "nul\u0000name": 7,
    "actor": "a frequent name",
}


@pytest.fixture(scope="module")
def plain(forge: Forge) -> dict[str, object]:
    return forge.claims(**APPLICATION)


@pytest.fixture(scope="module")
def claims(forge: Forge, plain: dict[str, object]) -> VerifiedClaims:
    return forge.verify(forge.token(None, plain))


@pytest.fixture(scope="module")
def unchecked(forge: Forge) -> AudienceUncheckedClaims:
    made: Any = forge.verify(forge.token(), audience=AUDIENCE_FROM_POLICY)
    assert isinstance(made, AudienceUncheckedClaims)
    return made


class TestReading:
    def test_every_claim_comes_back_with_its_name_value_and_type(
        self, claims: VerifiedClaims, plain: dict[str, object]
    ) -> None:
        assert dict(claims) == plain
        assert claims.to_dict() == plain
        assert {name: claims[name] for name in plain} == plain
        for name, value in plain.items():
            assert type(claims[name]) is type(value), name
        assert json.dumps(dict(claims)) == json.dumps(plain)  # the order too

    def test_numbers_keep_their_kind(self, forge: Forge) -> None:
        text = (
            json.dumps(forge.claims())[:-1] + ', "i": 1, "f": 1.0, "e": 1e2, "z": -0.0}'
        )
        made = forge.verify(forge.token(None, text))
        assert [repr(made[name]) for name in "ifez"] == ["1", "1.0", "100.0", "-0.0"]

    def test_views(self, claims: VerifiedClaims, plain: dict[str, object]) -> None:
        assert len(claims) == len(plain)
        assert list(claims) == list(claims.keys()) == list(plain)
        assert list(claims.values()) == list(plain.values())
        assert list(claims.items()) == list(plain.items())
        assert ("iss", ISSUER) in claims.items()
        assert ("iss", "other") not in claims.items()
        assert "sub" in claims.keys()  # noqa: SIM118 - the view itself is under test
        assert claims.keys() == plain.keys()
        assert claims.keys() & {"iss", "other"} == {"iss"}

    @pytest.mark.parametrize(
        "key",
        ["absent", "ISS", "iss ", "iss\0", "\udc80", "", b"iss", 0, None, ("iss",)],
    )
    def test_absent(self, forge: Forge, key: Any) -> None:
        claims = forge.verify(forge.token())
        assert key not in claims
        assert claims.get(key) is None
        assert claims.get(key, 5) == 5
        with pytest.raises(KeyError):
            claims[key]

    def test_unhashable_keys_are_absent(self, claims: VerifiedClaims) -> None:
        key: Any = []
        assert key not in claims
        with pytest.raises(KeyError):
            claims[key]

    def test_a_null_is_present(self, claims: VerifiedClaims) -> None:
        assert "nothing" in claims
        assert claims["nothing"] is None
        assert claims.get("nothing", 5) is None

    def test_a_key_may_be_a_subclass_of_str(self, claims: VerifiedClaims) -> None:
        class Name(str):
            __slots__ = ()

            def __eq__(self, other: object) -> bool:
                raise AssertionError("the core compares bytes")

            __hash__ = str.__hash__

        assert claims[Name("iss")] == ISSUER

    def test_get_takes_the_default_by_name(self, claims: Any) -> None:
        assert claims.get("absent", default=1) == 1

    def test_unpacking_and_matching(self, claims: VerifiedClaims) -> None:
        def take(**members: object) -> object:
            return members["iss"]

        assert {**claims} == dict(claims)
        assert take(**claims) == ISSUER
        match claims:
            case {"iss": iss, "aud": str(aud)}:
                assert (iss, aud) == (ISSUER, AUDIENCE)
            case _:
                pytest.fail("no mapping pattern matches")

    def test_repr_names_issuer_and_subject_escaped(self, forge: Forge) -> None:
        made = forge.verify(forge.token(sub="a{0}\n\x1b[31m"))
        assert repr(made) == rf"<VerifiedClaims iss='{ISSUER}' sub='a{{0}}\n\x1b[31m'>"


class TestMapping:
    def test_is_a_mapping_and_not_a_mutable_one(self, claims: object) -> None:
        assert isinstance(claims, collections.abc.Mapping)
        assert not isinstance(claims, collections.abc.MutableMapping)
        assert issubclass(VerifiedClaims, collections.abc.Mapping)

    def test_has_every_method_of_mapping(self) -> None:
        methods = dict(inspect.getmembers(collections.abc.Mapping, inspect.isfunction))
        assert {"__contains__", "__eq__", "__getitem__", "get", "items"} <= set(methods)
        assert set(methods) <= set(dir(VerifiedClaims))

    def test_is_not_reversible(self, claims: VerifiedClaims) -> None:
        with pytest.raises(TypeError):
            reversed(claims)  # type: ignore[call-overload]

    def test_equality(
        self, forge: Forge, claims: VerifiedClaims, plain: dict[str, object]
    ) -> None:
        again = forge.verify(forge.token(None, plain))
        assert again is not claims
        assert claims == again
        assert claims == plain
        assert plain == claims
        assert claims == MappingProxyType(plain)
        assert claims == collections.UserDict(plain)
        assert claims != {**plain, "sub": "other"}
        assert claims != tuple(plain.items())  # type: ignore[comparison-overlap]
        assert claims != None  # noqa: E711 - the comparison itself is under test

    def test_is_not_hashable(self, claims: VerifiedClaims) -> None:
        with pytest.raises(TypeError):
            hash(claims)


class TestImmutable:
    def test_nothing_can_be_set(self, claims: Any) -> None:
        before = dict(claims)
        with pytest.raises(TypeError):
            claims["sub"] = "other"
        with pytest.raises(TypeError):
            del claims["sub"]
        with pytest.raises(AttributeError):
            claims.sub = "other"
        with pytest.raises(AttributeError):
            claims.root = "other"
        for name in ("update", "pop", "popitem", "setdefault", "clear", "__ior__"):
            assert not hasattr(claims, name)
        assert dict(claims) == before

    @pytest.mark.parametrize("read", ["item", "get", "dict", "values", "items"])
    def test_what_is_read_is_a_fresh_copy(
        self, claims: VerifiedClaims, plain: dict[str, object], read: str
    ) -> None:
        nested: Any = {
            "item": lambda: claims["object"],
            "get": lambda: claims.get("object"),
            "dict": lambda: claims.to_dict()["object"],
            "values": lambda: next(v for v in claims.values() if v == plain["object"]),
            "items": lambda: dict(claims.items())["object"],
        }[read]()
        nested["a"]["b"].append("changed")
        assert claims == plain

    def test_a_cached_token_gives_untouched_claims(self, forge: Forge) -> None:
        token = forge.token(list=[1])
        first: Any = forge.verify(token)
        first["list"].append(2)
        first.to_dict()["sub"] = "other"
        assert forge.verify(token)["list"] == [1]

    def test_copies_are_the_same_object(self, claims: VerifiedClaims) -> None:
        assert copy.copy(claims) is claims
        assert copy.deepcopy(claims) is claims
        assert copy.deepcopy([claims])[0] is claims

    def test_outlives_verifier_keys_and_token(self, forge: Forge) -> None:
        iterator = iter(forge.verify(forge.token()))
        assert next(iterator) == "iss"
        assert list(iterator) == ["sub", "aud", "iat", "exp"]


class TestMadeByTheCoreOnly:
    @pytest.mark.parametrize(
        "kind", [VerifiedClaims, AudienceUncheckedClaims, Subject, Refusal, CoreKeySet]
    )
    def test_no_other_way_to_an_instance(self, kind: Any) -> None:
        for make in (
            kind,
            lambda: kind({"sub": "other"}),
            lambda: kind(sub="other"),
            lambda: kind.__new__(kind),
            lambda: object.__new__(kind),
            lambda: type("Derived", (kind,), {}),
        ):
            with pytest.raises(TypeError):
                make()

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_no_pickles(self, claims: VerifiedClaims, protocol: int) -> None:
        with pytest.raises(TypeError):
            pickle.dumps(claims, protocol)

    def test_unchecked_claims_are_another_type(
        self, forge: Forge, unchecked: Any
    ) -> None:
        checked: Any = forge.verify(forge.token())
        assert not isinstance(unchecked, VerifiedClaims)
        assert not isinstance(checked, AudienceUncheckedClaims)
        assert isinstance(unchecked, collections.abc.Mapping)
        assert dict(unchecked) == dict(checked)
        assert unchecked != checked
        assert checked != unchecked
        assert repr(unchecked).startswith("<AudienceUncheckedClaims iss=")
        assert copy.deepcopy(unchecked) is unchecked


def test_the_instant_of_the_forge_is_fixed(claims: VerifiedClaims) -> None:
    assert claims["iat"] == NOW
