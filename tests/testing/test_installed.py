# SPDX-License-Identifier: Apache-2.0
"""Standing in for an issuer in the whole process, and leaving no trace."""

from __future__ import annotations

import pytest

from github_oidc import GITHUB_ISSUER, KeySource, Verifier
from github_oidc.errors import TokenError, UnavailableError
from github_oidc.testing import FakeIssuer, SigningKey

VERIFIER = Verifier(issuer=GITHUB_ISSUER, audience="my-api")


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def issuer(key: SigningKey) -> FakeIssuer:
    return FakeIssuer(signing_key=key)


def test_a_key_source_built_before_fetches_from_it(issuer: FakeIssuer) -> None:
    keys = KeySource(GITHUB_ISSUER)
    with issuer.installed() as installed:
        assert installed is issuer
        claims = keys.verify_sync(issuer.mint("my-api"), VERIFIER)
        assert claims["repository"] == "octo-org/octo-repo"
        keys.verify_sync(issuer.mint("my-api"), VERIFIER)
    assert issuer.requests["jwks"] == 1


def test_each_one_starts_cold(issuer: FakeIssuer) -> None:
    keys = KeySource(GITHUB_ISSUER)
    for turn in (1, 2):
        with issuer.installed():
            keys.verify_sync(issuer.mint("my-api"), VERIFIER)
        assert issuer.requests["jwks"] == turn


def test_afterwards_its_tokens_are_nobodys(issuer: FakeIssuer, key: SigningKey) -> None:
    keys = KeySource(GITHUB_ISSUER)
    token = issuer.mint("my-api")
    with issuer.installed():
        keys.verify_sync(token, VERIFIER)
    other = FakeIssuer(algorithm="RS256")
    with other.installed(), pytest.raises(TokenError) as refused:
        keys.verify_sync(token, VERIFIER)
    assert refused.value.code == "unknown_key"


def test_the_innermost_stands_in(issuer: FakeIssuer) -> None:
    keys, inner = KeySource(GITHUB_ISSUER), FakeIssuer()
    with issuer.installed():
        with inner.installed():
            keys.verify_sync(inner.mint("my-api"), VERIFIER)
        keys.verify_sync(issuer.mint("my-api"), VERIFIER)


def test_an_outage_of_an_earlier_one_is_over(issuer: FakeIssuer) -> None:
    keys = KeySource(GITHUB_ISSUER)
    issuer.fail_next(10)
    with issuer.installed(), pytest.raises(UnavailableError):
        keys.verify_sync(issuer.mint("my-api"), VERIFIER)
    other = FakeIssuer(signing_key=issuer.signing_key)
    with other.installed():
        keys.verify_sync(other.mint("my-api"), VERIFIER)


def test_what_has_a_transport_of_its_own_is_left_alone(issuer: FakeIssuer) -> None:
    other = FakeIssuer()
    keys = KeySource(GITHUB_ISSUER, transport=other.transport())
    with issuer.installed():
        keys.verify_sync(other.mint("my-api"), VERIFIER)
    assert issuer.requests["jwks"] == 0


def test_pinned_keys_are_left_alone(issuer: FakeIssuer) -> None:
    other = FakeIssuer()
    keys = KeySource(GITHUB_ISSUER, jwks=other.jwks())
    with issuer.installed():
        keys.verify_sync(other.mint("my-api"), VERIFIER)


def test_another_issuer_is_left_alone(key: SigningKey) -> None:
    slug = FakeIssuer(f"{GITHUB_ISSUER}/acme", signing_key=key)
    stand_in = FakeIssuer()
    verifier = Verifier(issuer=slug.issuer, audience="my-api")
    keys = KeySource(slug.issuer)
    with slug.installed(), stand_in.installed():
        keys.verify_sync(slug.mint("my-api"), verifier)
    assert stand_in.requests["jwks"] == 0
