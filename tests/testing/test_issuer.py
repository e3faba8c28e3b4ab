# SPDX-License-Identifier: Apache-2.0
"""What a fake issuer mints: the shape of GitHub's tokens, coherent, or forged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.testing import FakeIssuer, SigningKey
from github_oidc.testing.job import GITHUB_CLAIMS

NOW = 1_800_000_000
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONLY_SOMETIMES = {
    "enterprise",
    "enterprise_id",
    "environment",
    "environment_node_id",
    "issuer_scope",
}


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def issuer(key: SigningKey) -> FakeIssuer:
    return FakeIssuer(signing_key=key, clock=lambda: NOW + 0.75)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def verified(token: str, issuer: FakeIssuer) -> dict[str, Any]:
    """The claims, if the signature is of a key that ``issuer`` publishes now."""
    kid = jwt.get_unverified_header(token)["kid"]
    (jwk,) = (jwk for jwk in issuer.jwks()["keys"] if jwk["kid"] == kid)
    return dict(
        jwt.decode(
            token,
            jwt.PyJWK(jwk),
            algorithms=[jwk["alg"]],
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    )


@pytest.fixture
def minted(issuer: FakeIssuer) -> Callable[..., dict[str, Any]]:
    return lambda *audience, **claims: claims_of(issuer.mint(*audience, **claims))


def test_header_is_as_githubs(issuer: FakeIssuer) -> None:
    header = jwt.get_unverified_header(issuer.mint("my-api"))
    assert set(header) == {"typ", "alg", "x5t", "kid"}
    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    assert UUID.fullmatch(header["kid"])
    assert re.fullmatch(r"[\w-]{27}", header["x5t"])


def test_custom_claims_are_strings_and_times_are_numbers(
    minted: Callable[..., dict[str, Any]],
) -> None:
    claims = minted("my-api", environment="production", enterprise="acme")
    assert set(GITHUB_CLAIMS) <= set(claims)
    times = {name for name, value in claims.items() if not isinstance(value, str)}
    assert times == {"exp", "iat", "nbf"}
    assert (claims["iat"], claims["exp"], claims["nbf"]) == (NOW, NOW + 300, NOW - 300)
    assert UUID.fullmatch(claims["jti"])


def test_an_ordinary_job(minted: Callable[..., dict[str, Any]]) -> None:
    claims = minted("my-api")
    assert set(GITHUB_CLAIMS) - set(claims) == ONLY_SOMETIMES
    assert claims["iss"] == GITHUB_ISSUER
    assert claims["aud"] == "my-api"
    assert claims["sub"] == "repo:octo-org/octo-repo:ref:refs/heads/main"
    assert claims["job_workflow_ref"] == claims["workflow_ref"]
    assert (claims["base_ref"], claims["head_ref"]) == ("", "")


def test_every_token_has_an_id_of_its_own(
    minted: Callable[..., dict[str, Any]],
) -> None:
    assert minted()["jti"] != minted()["jti"]


def test_the_default_audience_is_the_owner(
    minted: Callable[..., dict[str, Any]],
) -> None:
    assert minted(repository="acme/app")["aud"] == "https://github.com/acme"


COHERENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"repository": "acme/app"},
        {
            "repository_owner": "acme",
            "sub": "repo:acme/app:ref:refs/heads/main",
            "workflow_ref": "acme/app/.github/workflows/ci.yml@refs/heads/main",
            "job_workflow_ref": "acme/app/.github/workflows/ci.yml@refs/heads/main",
        },
    ),
    (
        {"repository_owner": "acme"},
        {
            "repository": "acme/octo-repo",
            "sub": "repo:acme/octo-repo:ref:refs/heads/main",
        },
    ),
    (
        {"ref": "refs/tags/v1"},
        {
            "ref_type": "tag",
            "ref_protected": "false",
            "sub": "repo:octo-org/octo-repo:ref:refs/tags/v1",
            "workflow_ref": "octo-org/octo-repo/.github/workflows/ci.yml@refs/tags/v1",
        },
    ),
    (
        {"ref": "refs/heads/feature"},
        {"ref_type": "branch", "ref_protected": "false"},
    ),
    (
        {"environment": "prod:eu"},
        {
            "sub": "repo:octo-org/octo-repo:environment:prod%3Aeu",
            "environment": "prod:eu",
        },
    ),
    (
        {"event_name": "pull_request"},
        {
            "sub": "repo:octo-org/octo-repo:pull_request",
            "ref": "refs/pull/1/merge",
            "ref_type": "branch",
            "base_ref": "main",
            "head_ref": "feature",
        },
    ),
    (
        {"event_name": "pull_request_target"},
        {"sub": "repo:octo-org/octo-repo:pull_request", "ref": "refs/heads/main"},
    ),
    (
        {"event_name": "pull_request", "environment": "preview"},
        {"sub": "repo:octo-org/octo-repo:environment:preview"},
    ),
    (
        {"workflow_ref": "a/b/.github/workflows/x.yml@refs/heads/main"},
        {"job_workflow_ref": "a/b/.github/workflows/x.yml@refs/heads/main"},
    ),
    ({"sha": "c0ffee"}, {"workflow_sha": "c0ffee", "job_workflow_sha": "c0ffee"}),
    ({"enterprise": "acme"}, {"issuer_scope": "enterprise"}),
    ({"sub": "anything"}, {"sub": "anything", "repository": "octo-org/octo-repo"}),
    ({"run_attempt": 2}, {"run_attempt": 2}),
]


@pytest.mark.parametrize(
    ("given", "derived"), COHERENT, ids=["+".join(given) for given, _ in COHERENT]
)
def test_claims_take_others_along(
    minted: Callable[..., dict[str, Any]],
    given: dict[str, Any],
    derived: dict[str, Any],
) -> None:
    claims = minted("my-api", **given)
    assert {**derived, **given}.items() <= claims.items()


def test_ids_follow_names_without_case(minted: Callable[..., dict[str, Any]]) -> None:
    one, same, other = (
        minted(repository=name) for name in ("acme/app", "Acme/App", "acme/app2")
    )
    assert one["repository_id"] == same["repository_id"] != other["repository_id"]
    assert one["repository_owner_id"] == other["repository_owner_id"]
    assert one["repository_id"].isdecimal()


def test_immutable_subject_names_the_ids(
    minted: Callable[..., dict[str, Any]],
) -> None:
    claims = minted(
        immutable_subject=True,
        repository="acme/app",
        repository_id="74",
        repository_owner_id="65",
        environment="production",
    )
    assert claims["sub"] == "repo:acme@65/app@74:environment:production"


@pytest.mark.parametrize(
    "claim", ["aud", "exp", "iat", "iss", "jti", "nbf", "repository", "sub", "ref"]
)
def test_none_leaves_a_claim_out(
    minted: Callable[..., dict[str, Any]], claim: str
) -> None:
    assert set(minted("my-api")) - set(minted("my-api", **{claim: None})) == {claim}


def test_given_values_are_kept_whatever_their_type(
    minted: Callable[..., dict[str, Any]],
) -> None:
    claims = minted(["a", "b"], exp="soon", actor_id=7, ref_protected=True, extra=[1])
    assert claims["aud"] == ["a", "b"]
    assert (claims["exp"], claims["actor_id"]) == ("soon", 7)
    assert claims["ref_protected"] is True
    assert claims["extra"] == [1]


def test_the_job_lies_below_the_arguments(key: SigningKey) -> None:
    issuer = FakeIssuer(signing_key=key, job={"repository": "acme/app", "actor": "me"})
    issuer.job["ref"] = "refs/tags/v1"
    claims = claims_of(issuer.mint(actor="you"))
    assert claims["sub"] == "repo:acme/app:ref:refs/tags/v1"
    assert claims["actor"] == "you"


def test_times(minted: Callable[..., dict[str, Any]]) -> None:
    claims = minted(lifetime=-60, issued_at=NOW - 10.5)
    assert (claims["iat"], claims["exp"]) == (NOW - 10.5, NOW - 70.5)


def test_an_id_token_has_the_registered_claims_only(issuer: FakeIssuer) -> None:
    token = issuer.mint_id_token("my-client", sub="alice", email="a@example.com")
    claims = verified(token, issuer)
    assert set(claims) == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "email"}
    assert (claims["sub"], claims["aud"]) == ("alice", "my-client")


def test_header_parameters_change_and_vanish(issuer: FakeIssuer) -> None:
    header = jwt.get_unverified_header(
        issuer.mint(header={"kid": None, "typ": "at+jwt", "jku": "x"})
    )
    assert "kid" not in header
    assert (header["typ"], header["jku"]) == ("at+jwt", "x")


def test_a_foreign_key_signs_under_our_key_id(issuer: FakeIssuer) -> None:
    other = FakeIssuer()
    token = issuer.mint("my-api", sign_with=other)
    assert jwt.get_unverified_header(token)["kid"] == issuer.signing_key.kid
    with pytest.raises(jwt.InvalidSignatureError):
        verified(token, issuer)


def test_a_foreign_key_may_have_the_same_key_id(issuer: FakeIssuer) -> None:
    twin = SigningKey.generate("ES256", kid=issuer.signing_key.kid)
    header = jwt.get_unverified_header(issuer.mint(sign_with=twin))
    assert (header["kid"], header["alg"]) == (issuer.signing_key.kid, "ES256")


def test_encode_adds_and_checks_nothing(issuer: FakeIssuer) -> None:
    token = issuer.encode({"alg": "none"}, b"no json", signature=b"")
    assert token == "eyJhbGciOiJub25lIn0.bm8ganNvbg."


def test_encode_signs_by_default(issuer: FakeIssuer) -> None:
    header = {"alg": "RS256", "kid": issuer.signing_key.kid}
    assert verified(issuer.encode(header, {"a": 1}), issuer) == {"a": 1}


def test_rotation_withdraws_the_old_key(issuer: FakeIssuer) -> None:
    old = issuer.mint()
    issuer.rotate()
    assert len(issuer.jwks()["keys"]) == 1
    with pytest.raises(ValueError, match="not enough values"):
        verified(old, issuer)
    assert verified(issuer.mint(), issuer)


def test_rotation_may_keep_the_old_key(key: SigningKey) -> None:
    issuer = FakeIssuer(algorithm="ES256")
    old = issuer.mint()
    issuer.rotate(keep_old=True)
    new = issuer.mint()
    kids = [jwt.get_unverified_header(token)["kid"] for token in (old, new)]
    assert [jwk["kid"] for jwk in issuer.jwks()["keys"]] == kids
    assert verified(old, issuer)
    assert verified(new, issuer)


def test_a_key_that_nobody_used_yet_survives_keep_old() -> None:
    issuer = FakeIssuer(algorithm="ES256")
    issuer.rotate(keep_old=True)
    assert len(issuer.jwks()["keys"]) == 2


def test_keys_of_several_algorithms(issuer: FakeIssuer) -> None:
    issuer.add_key("EdDSA")
    first, second = issuer.jwks()["keys"]
    assert (first["alg"], second["alg"]) == ("RS256", "EdDSA")
    assert issuer.metadata()["id_token_signing_alg_values_supported"] == [
        "RS256",
        "EdDSA",
    ]
    assert jwt.get_unverified_header(issuer.mint())["alg"] == "EdDSA"


def test_a_published_key_is_named_in_the_header(issuer: FakeIssuer) -> None:
    first = issuer.signing_key
    issuer.add_key("ES256")
    header = jwt.get_unverified_header(issuer.mint(sign_with=first))
    assert (header["kid"], header["alg"]) == (first.kid, "RS256")


PLACES = {
    GITHUB_ISSUER: f"{GITHUB_ISSUER}/.well-known/jwks",
    # The key set lies at the root; GitHub answers 404 below the slug.
    f"{GITHUB_ISSUER}/acme": f"{GITHUB_ISSUER}/.well-known/jwks",
    "https://git.example.com/_services/token": (
        "https://git.example.com/_services/token/.well-known/jwks"
    ),
    "https://idp.example.com/": "https://idp.example.com/.well-known/jwks",
}


@pytest.mark.parametrize(("name", "jwks_uri"), PLACES.items(), ids=PLACES.keys())
def test_metadata(name: str, jwks_uri: str, key: SigningKey) -> None:
    issuer = FakeIssuer(name, signing_key=key)
    metadata = issuer.metadata()
    assert (metadata["issuer"], metadata["jwks_uri"]) == (name, jwks_uri)
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    assert claims_of(issuer.mint())["iss"] == name
    assert issuer.metadata_url == (
        f"{name.rstrip('/')}/.well-known/openid-configuration"
    )


def test_documents_are_copies(issuer: FakeIssuer) -> None:
    issuer.jwks()["keys"].clear()
    issuer.metadata().clear()
    assert issuer.jwks()["keys"]
    assert issuer.metadata()


def test_no_key_is_made_before_one_is_needed() -> None:
    made = FakeIssuer()
    assert made._keys._published == ()
    assert made.signing_key is made.signing_key


def test_environment_of_a_job(key: SigningKey) -> None:
    issuer = FakeIssuer(
        signing_key=key, job={"repository": "acme/app", "ref": "refs/tags/v1/x"}
    )
    environment = issuer.actions_environment()
    assert environment["GITHUB_ACTIONS"] == "true"
    assert environment["GITHUB_REPOSITORY"] == "acme/app"
    assert environment["GITHUB_REPOSITORY_OWNER"] == "acme"
    assert environment["GITHUB_REF_TYPE"] == "tag"
    assert environment["GITHUB_REF_NAME"] == "v1/x"
    assert environment["ACTIONS_ID_TOKEN_REQUEST_URL"].endswith("?api-version=2.0")
    assert environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] == issuer.request_token


def test_no_secret_is_in_a_repr(issuer: FakeIssuer) -> None:
    assert repr(issuer) == f"<FakeIssuer {GITHUB_ISSUER}>"
    assert issuer.request_token not in json.dumps(str(vars(issuer)["_keys"]))
