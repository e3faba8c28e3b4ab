# SPDX-License-Identifier: Apache-2.0
"""GitHub's claims: what is typed, what is kept, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, model_validator

from github_oidc import JWKSet, Verifier
from github_oidc.claims import (
    ClaimsReader,
    FrozenObject,
    GithubOIDCClaims,
    RegisteredClaims,
    SubjectKind,
)
from github_oidc.errors import ClaimError
from github_oidc.testing import FakeIssuer, SigningKey
from github_oidc.verifier import VerifiedClaims

REGISTERED = {"iss": "i", "sub": "s", "aud": "a", "exp": 2, "iat": 1}
COUNTERS = [
    "actor_id",
    "check_run_id",
    "enterprise_id",
    "repository_id",
    "repository_owner_id",
    "run_attempt",
    "run_id",
    "run_number",
]
TEXTS = [
    "actor",
    "base_ref",
    "enterprise",
    "environment",
    "environment_node_id",
    "event_name",
    "head_ref",
    "issuer_scope",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_type",
    "repository",
    "repository_owner",
    "repository_visibility",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
]


def read(**claims: object) -> GithubOIDCClaims:
    return GithubOIDCClaims.model_validate({**REGISTERED, **claims})


@pytest.fixture(scope="module")
def issuer(github_signing_key: SigningKey) -> FakeIssuer:
    return FakeIssuer(signing_key=github_signing_key)


def verified(issuer: FakeIssuer, **claims: Any) -> VerifiedClaims:
    verifier = Verifier(issuer=issuer.issuer, audience="a", allow_other_audiences=True)
    keys = JWKSet.from_dict(issuer.jwks())
    return verifier.verify(issuer.mint("a", **claims), keys=keys)


def test_the_fields_are_all_that_github_writes() -> None:
    registered = {"iss", "sub", "aud", "exp", "iat", "nbf", "jti"}
    assert set(GithubOIDCClaims.model_fields) == {
        *registered,
        *COUNTERS,
        *TEXTS,
        "ref_protected",
    }
    assert set(RegisteredClaims.model_fields) == registered


def test_a_token_of_a_job(issuer: FakeIssuer) -> None:
    claims = ClaimsReader(GithubOIDCClaims).read(
        verified(issuer, repository="acme/app", environment="prod", new_claim="x")
    )
    assert claims.repository == "acme/app"
    assert claims.environment == "prod"
    assert claims.ref_protected is True
    assert claims.kind == "environment"
    assert isinstance(claims.run_id, int)
    assert dict(claims.model_extra) == {"new_claim": "x"}
    assert claims.new_claim == "x"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COUNTERS)
def test_ids_and_counters_are_integers(name: str) -> None:
    assert getattr(read(**{name: "1872116407"}), name) == 1872116407
    assert getattr(read(), name) is None


@pytest.mark.parametrize(
    "value",
    ["0", "7", "10", "9" * 19, 0, 7, 2**63 - 1],
)
def test_a_canonical_number(value: str | int) -> None:
    run_id = read(run_id=value).run_id
    assert run_id == int(value)
    assert type(run_id) is int


@pytest.mark.parametrize(
    "value",
    [
        *("", " 1", "1 ", "1\n", "+1", "-1", "01", "00", "1_0", "1.0", "1e3", "0x1"),
        *("\u0661", "\uff11", "1" + "0" * 19, "true", "null"),
        *(-1, 1.0, True, False, [], ["1"], {}, b"1"),
    ],
)
def test_no_other_text_is_a_number(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        read(run_id=value)
    assert refused.value.errors()[0]["loc"][0] == "run_id"


@given(st.text())
def test_a_number_has_one_spelling(text: str) -> None:
    try:
        run_id = read(run_id=text).run_id
    except ValidationError:
        return
    assert str(run_id) == text


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("true", True), ("false", False), (True, True), (False, False)],
)
def test_a_boolean(value: object, meaning: bool) -> None:
    assert read(ref_protected=value).ref_protected is meaning


@pytest.mark.parametrize(
    "value",
    ["True", "TRUE", "yes", "on", "1", "", " true", "t", 1, 0, 1.0, [], b"true"],
)
def test_nothing_else_is_a_boolean(value: object) -> None:
    with pytest.raises(ValidationError):
        read(ref_protected=value)


@pytest.mark.parametrize("name", [*TEXTS, "sub", "iss", "jti"])
@pytest.mark.parametrize("value", [1, True, 1.5, ["x"], {"x": "y"}])
def test_a_text_is_a_text(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(**{name: value})


@pytest.mark.parametrize("name", TEXTS)
def test_empty_and_absent_are_two_things(name: str) -> None:
    assert getattr(read(**{name: ""}), name) == ""
    assert getattr(read(), name) is None


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [1_800_000_000, 1_800_000_000.25, 1.0, 0, -1])
def test_dates_are_as_the_token_has_them(name: str, value: float) -> None:
    date = getattr(read(**{name: value}), name)
    assert date == value
    assert type(date) is type(value)


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", True, [], float("inf"), float("nan")])
def test_dates_are_numbers(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(**{name: value})


def test_one_audience_is_a_text_and_several_are_a_tuple() -> None:
    assert read(aud="a").aud == "a"
    assert read(aud=["a", "b"]).aud == ("a", "b")
    with pytest.raises(ValidationError):
        read(aud=["a", 1])


@pytest.mark.parametrize("name", REGISTERED)
def test_the_required_claims(name: str) -> None:
    claims = {k: v for k, v in REGISTERED.items() if k != name}
    with pytest.raises(ValidationError):
        GithubOIDCClaims.model_validate(claims)


class TestFrozen:
    """Nothing that a route is given can be changed for the next one."""

    claims = read(aud=["a"], tree={"list": [{"x": [1]}], "text": "y"}, plain="z")

    @pytest.mark.parametrize("name", ["sub", "run_id", "plain", "unheard_of"])
    def test_attributes(self, name: str) -> None:
        with pytest.raises(ValidationError):
            setattr(self.claims, name, "x")
        with pytest.raises(ValidationError):
            delattr(self.claims, name)

    def test_nested_values(self) -> None:
        tree = self.claims.model_extra["tree"]
        assert tree == {"list": ({"x": (1,)},), "text": "y"}
        assert isinstance(tree, FrozenObject)
        assert isinstance(tree["list"][0], FrozenObject)  # type: ignore[index]

    @pytest.mark.parametrize("attribute", ["model_extra", "tree"])
    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.__setitem__("x", 1),
            lambda d: d.__delitem__("x"),
            lambda d: d.__ior__({"x": 1}),
            lambda d: d.update(x=1),
            lambda d: d.setdefault("x", 1),
            lambda d: d.pop("text", None),
            lambda d: d.popitem(),
            lambda d: d.clear(),
        ],
    )
    def test_mappings(self, attribute: str, change: Any) -> None:
        mapping = getattr(self.claims, attribute)
        before = dict(mapping)
        with pytest.raises(TypeError, match="cannot be changed"):
            change(mapping)
        assert dict(mapping) == before

    def test_the_mapping_of_extras_is_no_way_in(self) -> None:
        dict.__setitem__(self.claims.model_extra, "plain", "changed")
        assert self.claims.plain == "z"  # type: ignore[attr-defined]

    def test_copies_are_equal_and_frozen(self) -> None:
        for twin in (
            copy.deepcopy(self.claims),
            pickle.loads(pickle.dumps(self.claims)),  # noqa: S301
            self.claims.model_copy(deep=True),
        ):
            assert twin == self.claims
            assert isinstance(twin.model_extra["tree"], FrozenObject)


def test_serialises_and_reads_back() -> None:
    claims = read(
        run_id="7", ref_protected="false", tree={"a": [1, {"b": None}]}, exp=2.5
    )
    text = json.loads(claims.model_dump_json(exclude_none=True))
    assert text == {
        **REGISTERED,
        "run_id": 7,
        "ref_protected": False,
        "tree": {"a": [1, {"b": None}]},
        "exp": 2.5,
    }
    assert json.loads(json.dumps(claims.model_extra)) == {"tree": text["tree"]}
    for mode in ("python", "json"):
        assert GithubOIDCClaims.model_validate(claims.model_dump(mode=mode)) == claims


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_has_the_types_of_the_values(mode: Any) -> None:
    fields = GithubOIDCClaims.model_json_schema(mode=mode)["properties"]
    null = {"type": "null"}
    for name in COUNTERS:
        assert fields[name]["anyOf"] == [{"type": "integer", "minimum": 0}, null]
    assert fields["ref_protected"]["anyOf"] == [{"type": "boolean"}, null]
    assert fields["exp"]["type"] == "number"
    assert all("description" in field for field in fields.values())


def test_a_claim_cannot_replace_what_the_model_does() -> None:
    names = ["kind", "subject", "model_dump", "model_extra", "__class__", "copy"]
    claims = read(**dict.fromkeys(names, "forged"))
    assert claims.kind == "other"
    assert claims.subject is None
    assert callable(claims.model_dump)
    assert type(claims) is GithubOIDCClaims
    assert dict(claims.model_extra) == dict.fromkeys(names, "forged")


def test_repository_properties() -> None:
    claims = read(repo_property_team="a,b", repo_property_public="true", other="x")
    assert claims.repository_properties == {"team": "a,b", "public": "true"}
    with pytest.raises(TypeError):
        claims.repository_properties["team"] = "c"  # type: ignore[index]
    assert not read().repository_properties
    # GitHub writes texts only; anything else stays whole among the extras.
    odd = read(repo_property_team=["a"])
    assert not odd.repository_properties
    assert odd.model_extra == {"repo_property_team": ("a",)}


SUBJECTS = {
    "repo:octo-org/octo-repo:ref:refs/heads/main": "branch",
    "repo:octo-org@1/octo-repo@2:ref:refs/heads/main": "branch",
    "repo:octo-org/octo-repo:ref:refs/tags/v1": "tag",
    "repo:octo-org/octo-repo:pull_request": "pull_request",
    "repo:octo-org/octo-repo:environment:prod": "environment",
    "repo:octo-org@1/octo-repo@2:environment:a%3Ab": "environment",
    "repo:octo-org/octo-repo:job_workflow_ref:x": "other",
    "repository_owner:octo-org": "other",
    "": "other",
}


@pytest.mark.parametrize("sub", SUBJECTS)
def test_the_kind_of_a_subject(sub: str) -> None:
    assert read(sub=sub).kind == SUBJECTS[sub]
    assert SUBJECTS[sub] in get_args(SubjectKind)


def test_the_parts_of_a_subject() -> None:
    subject = read(sub="repo:octo-org@1/octo-repo@2:environment:a%3Ab").subject
    assert subject is not None
    assert (subject.owner, subject.owner_id) == ("octo-org", 1)
    assert (subject.repository, subject.repository_id) == ("octo-repo", 2)
    assert subject.value == "a:b"
    with pytest.raises(AttributeError):
        subject.owner = "x"  # type: ignore[misc]


class TestReader:
    """A verified token that does not fit the model is refused by claim, not value."""

    @pytest.mark.parametrize("name", ["run_id", "ref_protected", "repository"])
    def test_the_claim_is_named(self, issuer: FakeIssuer, name: str) -> None:
        value: object = ["value-of-the-claim"]
        with pytest.raises(ClaimError) as refused:
            ClaimsReader(GithubOIDCClaims).read(verified(issuer, **{name: value}))
        error = refused.value
        assert (error.code, error.claim) == ("claims_mismatch", name)
        assert "value-of-the-claim" not in str(error)
        assert error.__context__ is None
        assert error.__cause__ is None

    def test_a_missing_claim_of_a_model_of_ones_own(self, issuer: FakeIssuer) -> None:
        class Mine(RegisteredClaims):
            team: str = Field(alias="https://example.com/team")

        reader = ClaimsReader(Mine)
        with pytest.raises(ClaimError) as refused:
            reader.read(verified(issuer))
        assert refused.value.claim == "https://example.com/team"
        claims = reader.read(verified(issuer, **{"https://example.com/team": "a"}))
        assert claims.team == "a"

    def test_a_name_that_comes_from_the_token_is_not_told(
        self, issuer: FakeIssuer
    ) -> None:
        class Closed(BaseModel, extra="forbid"):
            iss: str

        with pytest.raises(ClaimError) as refused:
            ClaimsReader(Closed).read(verified(issuer))
        assert refused.value.claim is None

    def test_a_rule_of_the_whole_model(self, issuer: FakeIssuer) -> None:
        class Mine(GithubOIDCClaims):
            @model_validator(mode="after")
            def refuse(self) -> Mine:
                raise ValueError(self.sub)

        with pytest.raises(ClaimError) as refused:
            ClaimsReader(Mine).read(verified(issuer))
        assert refused.value.claim is None
        assert "repo:" not in str(refused.value)
