# SPDX-License-Identifier: Apache-2.0
"""A source over the network, as its clock goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from github_oidc import KeySource, TokenError, Verifier
from github_oidc.errors import UnavailableError
from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.keys import forget_keys, override_transport
from github_oidc.testing import FakeIssuer

if TYPE_CHECKING:
    from .conftest import Clock, Site, Verify

Settle = Callable[[KeySource], None]
ISSUER = "https://issuer.example"
DAY = 24 * 3600


def down(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


def refused_with(verify: Verify, source: KeySource, token: str) -> str:
    with pytest.raises(TokenError) as refused:
        verify(source, token)
    return refused.value.code


def unavailable_with(verify: Verify, source: KeySource, token: str) -> str:
    with pytest.raises(UnavailableError) as refused:
        verify(source, token)
    return refused.value.code


def test_the_first_request_fetches_and_none_after_it(
    source: KeySource, site: Site, verify: Verify
) -> None:
    assert source.status().keys == 0
    assert site.requests == []
    for run_id in ("1", "2", "3"):
        assert verify(source, site.mint(run_id=run_id))["run_id"] == run_id
    assert site.requests == ["/.well-known/jwks"]


def test_requests_say_what_they_take(
    source: KeySource, site: Site, verify: Verify
) -> None:
    verify(source, site.mint())
    assert site.headers[0]["Accept-Encoding"] == "identity"
    assert site.headers[0]["User-Agent"] == "github-oidc"
    assert "Authorization" not in site.headers[0]


def test_without_a_jwks_uri_the_metadata_tells(
    make_source: Callable[..., KeySource], site: Site, verify: Verify
) -> None:
    verify(make_source(jwks_uri=None), site.mint())
    assert site.requests == ["/.well-known/openid-configuration", "/.well-known/jwks"]


def test_the_key_set_is_bound_to_its_issuer(site: Site, source: KeySource) -> None:
    both = Verifier(
        issuer=[ISSUER, GITHUB_ISSUER], audience="api", algorithms=["ES256"]
    )
    source.verify_sync(site.mint(), both)
    with pytest.raises(TokenError) as refused:
        source.verify_sync(site.mint(iss=GITHUB_ISSUER), both)
    assert refused.value.code == "issuer_mismatch"


def test_githubs_keys_are_fetched_without_metadata() -> None:
    issuer = FakeIssuer(algorithm="ES256")
    source = KeySource(GITHUB_ISSUER, transport=issuer.transport())
    verifier = Verifier(issuer=GITHUB_ISSUER, audience="api", algorithms=["ES256"])
    source.verify_sync(issuer.mint("api"), verifier)
    assert dict(issuer.requests) == {"jwks": 1}


def test_a_rotated_key_is_found_after_the_cooldown(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    verify(source, site.mint())
    old = site.mint()
    site.issuer.rotate()
    new = site.mint()
    clock.advance(29.9)
    assert refused_with(verify, source, new) == "unknown_key"
    assert site.fetches == 1
    clock.advance(0.1)
    verify(source, new)
    assert site.fetches == 2
    assert refused_with(verify, source, old) == "unknown_key"


def test_a_flood_of_unknown_keys_is_one_fetch_per_cooldown(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    verify(source, site.mint())
    good, bad = site.mint(), FakeIssuer(ISSUER, algorithm="ES256").mint("api")
    for _ in range(90):
        assert refused_with(verify, source, bad) == "unknown_key"
        verify(source, good)
        clock.advance(1)
    assert site.fetches == 1 + 2


def test_a_refusal_for_another_reason_fetches_nothing(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    verify(source, site.mint())
    clock.advance(60)
    assert refused_with(verify, source, site.mint(aud="other")) == "audience_mismatch"
    assert refused_with(verify, source, "no token") == "malformed_jws"
    assert site.fetches == 1


def test_an_unknown_key_is_503_when_the_issuer_does_not_answer(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    verify(source, site.mint())
    good = site.mint()
    site.issuer.rotate()
    site.fault = down
    clock.advance(30)
    assert unavailable_with(verify, source, site.mint()) == "keys_unavailable"
    clock.advance(10)
    assert unavailable_with(verify, source, site.mint()) == "keys_unavailable"
    assert source.retry_after_s == 20
    assert site.fetches == 2
    verify(source, good)


def test_refresh_happens_in_the_background_at_four_fifths_of_life(
    source: KeySource, site: Site, clock: Clock, verify: Verify, settle: Settle
) -> None:
    verify(source, site.mint())
    clock.advance(239.9)
    verify(source, site.mint())
    assert site.fetches == 1
    clock.advance(0.1)
    site.gate_open = False
    verify(source, site.mint())  # a known key does not wait for the gate
    verify(source, site.mint())
    site.gate_open = True
    settle(source)
    assert site.fetches == 2
    assert source.status().age_s == 0


@pytest.mark.parametrize(
    ("cache_control", "life"),
    [
        ("max-age=5", 60),
        ("max-age=99999", 3600),
        ("public, max-age=600", 600),
        ("no-store", 300),
        ("", 300),
    ],
)
def test_the_response_says_how_long_its_keys_live(
    source: KeySource, site: Site, clock: Clock, cache_control: str, life: float
) -> None:
    site.cache_control = cache_control
    source.warm_up_sync()
    clock.advance(life - 0.1)
    assert not source.status().stale
    clock.advance(0.1)
    assert source.status().stale


def test_the_last_good_keys_serve_a_day_and_no_longer(
    source: KeySource, site: Site, clock: Clock, verify: Verify, settle: Settle
) -> None:
    verify(source, site.mint())
    site.fault = down
    for _ in range(23):
        clock.advance(3600)
        verify(source, site.mint())
        settle(source)
    status = source.status()
    assert status.stale
    assert status.last_error == "keys_unavailable"
    assert (status.keys, status.age_s) == (1, 23 * 3600)

    clock.advance(3599)
    verify(source, site.mint())
    settle(source)
    clock.advance(1)
    assert unavailable_with(verify, source, site.mint()) == "keys_unavailable"
    assert source.status().keys == 0

    site.fault = None
    clock.advance(30)
    verify(source, site.mint())
    assert source.status().last_error is None


@pytest.mark.parametrize(
    "body",
    [b'{"keys": []}', b"{}", b"", b"[]", b'{"keys": [{"kty": "oct", "k": "AA"}]}'],
)
def test_a_set_without_usable_keys_replaces_nothing(
    source: KeySource, site: Site, clock: Clock, settle: Settle, body: bytes
) -> None:
    source.warm_up_sync()
    site.fault = lambda _: httpx.Response(200, content=body)
    clock.advance(250)
    source.warm_up_sync()
    settle(source)
    assert site.fetches == 2
    status = source.status()
    assert (status.keys, status.last_error) == (1, "keys_unavailable")


def test_failed_cold_fetches_back_off(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    site.fault = down
    for fetches, back_off in enumerate([1, 2, 4, 8, 16, 30, 30], start=1):
        for _ in range(3):
            assert unavailable_with(verify, source, site.mint()) == "keys_unavailable"
        assert site.fetches == fetches
        assert source.retry_after_s == back_off
        clock.advance(back_off)
    site.fault = None
    verify(source, site.mint())


def test_a_clock_that_steps_back_changes_nothing(
    source: KeySource, site: Site, clock: Clock, verify: Verify, settle: Settle
) -> None:
    verify(source, site.mint())
    clock.advance(100)
    verify(source, site.mint())
    assert source.status().age_s == 100
    clock.advance(-900)
    verify(source, site.mint())
    assert site.fetches == 1
    assert source.status().age_s == 100
    clock.advance(140)
    verify(source, site.mint())
    settle(source)
    assert site.fetches == 2


class TestMetadata:
    @pytest.fixture
    def source(self, make_source: Callable[..., KeySource]) -> KeySource:
        return make_source(jwks_uri=None)

    def test_is_read_again_after_a_day(
        self, source: KeySource, site: Site, clock: Clock, settle: Settle
    ) -> None:
        source.warm_up_sync()
        for _ in range(24):
            clock.advance(3600)
            source.warm_up_sync()
            settle(source)
        assert site.requests.count("/.well-known/openid-configuration") == 2

    def test_is_read_again_when_a_key_is_missing(
        self, source: KeySource, site: Site, clock: Clock, verify: Verify
    ) -> None:
        verify(source, site.mint())
        site.issuer.rotate()
        site.jwks_path = "/moved"
        stale = FakeIssuer(ISSUER, algorithm="ES256").jwks()
        site.fault = lambda request: (
            httpx.Response(200, json=stale)
            if request.url.path == "/.well-known/jwks"
            else None
        )
        clock.advance(30)
        verify(source, site.mint())
        assert site.requests[2:] == ["/.well-known/openid-configuration", "/moved"]

    def test_is_read_again_when_the_keys_are_gone(
        self, source: KeySource, site: Site, clock: Clock, settle: Settle
    ) -> None:
        source.warm_up_sync()
        site.jwks_path = "/moved"
        clock.advance(250)
        source.warm_up_sync()
        settle(source)
        assert site.requests[2:] == [
            "/.well-known/jwks",
            "/.well-known/openid-configuration",
            "/moved",
        ]
        assert source.status().last_error is None

    def test_that_still_names_the_missing_keys_ends_the_fetch(
        self, source: KeySource, site: Site, clock: Clock, settle: Settle
    ) -> None:
        source.warm_up_sync()
        site.fault = lambda request: (
            httpx.Response(404) if "jwks" in request.url.path else None
        )
        clock.advance(250)
        source.warm_up_sync()
        settle(source)
        assert site.requests[2:] == [
            "/.well-known/jwks",
            "/.well-known/openid-configuration",
        ]
        assert source.status().last_error == "keys_unavailable"

    def test_serves_from_before_where_it_cannot_be_read(
        self, source: KeySource, site: Site, clock: Clock, settle: Settle
    ) -> None:
        source.warm_up_sync()
        site.fault = lambda request: (
            down(request) if "openid" in request.url.path else None
        )
        for _ in range(46):
            clock.advance(3600)
            source.warm_up_sync()
            settle(source)
            assert source.status().age_s == 0
        clock.advance(7200)
        source.warm_up_sync()
        settle(source)
        assert source.status().last_error == "keys_unavailable"

    @pytest.mark.parametrize(
        ("members", "code"),
        [
            ({"issuer": "https://evil.example"}, "metadata_mismatch"),
            ({"jwks_uri": "https://evil.example/keys"}, "insecure_jwks_uri"),
            ({"jwks_uri": 5}, "malformed_metadata"),
        ],
    )
    def test_that_cannot_be_trusted_is_503(
        self,
        source: KeySource,
        site: Site,
        verify: Verify,
        members: dict[str, object],
        code: str,
    ) -> None:
        document = site.issuer.metadata() | members
        site.fault = lambda _: httpx.Response(200, json=document)
        assert unavailable_with(verify, source, site.mint()) == code
        assert site.fetches == 0
        assert source.status().last_error == code


def test_warm_up(source: KeySource, site: Site, clock: Clock) -> None:
    site.fault = down
    with pytest.raises(UnavailableError, match=r"issuer\.example answered 503"):
        asyncio.run(source.warm_up())
    site.fault = None
    clock.advance(1)
    asyncio.run(source.warm_up())
    source.warm_up_sync()
    assert site.fetches == 2


def test_a_request_waits_no_longer_than_its_limit(
    make_source: Callable[..., KeySource], site: Site, verify: Verify, settle: Settle
) -> None:
    from github_oidc.keys.endpoint import FetchLimits

    source = make_source(_limits=FetchLimits(wait_s=0.02))
    site.gate_open = False
    with pytest.raises(UnavailableError, match=r"within 0\.02 s"):
        verify(source, site.mint())
    site.gate_open = True
    settle(source)
    verify(source, site.mint())
    assert site.fetches == 1


def test_forgotten_keys_are_fetched_without_a_cooldown(
    source: KeySource, site: Site, verify: Verify
) -> None:
    verify(source, site.mint())
    site.issuer.rotate()
    forget_keys("https://another.example")
    assert refused_with(verify, source, site.mint()) == "unknown_key"
    forget_keys(ISSUER)
    verify(source, site.mint())
    assert site.fetches == 2


def test_a_fetch_begun_before_forgetting_brings_nothing(
    source: KeySource, site: Site, clock: Clock, verify: Verify, settle: Settle
) -> None:
    verify(source, site.mint())
    clock.advance(250)
    site.gate_open = False
    verify(source, site.mint())
    under_way = source._keys._fetch  # type: ignore[union-attr]
    forget_keys(ISSUER)
    site.gate_open = True
    assert under_way is not None
    assert under_way.result(5) is None
    assert source.status().keys == 0


def test_a_transport_is_overridden_for_a_while(
    site: Site, verifier: Verifier, clock: Clock
) -> None:
    before = KeySource(ISSUER, _clock=clock)
    with override_transport(ISSUER, site.transport):
        made_inside = KeySource(ISSUER, jwks_uri=f"{ISSUER}/.well-known/jwks")
        before.verify_sync(site.mint(), verifier)
        made_inside.verify_sync(site.mint(), verifier)
        other = FakeIssuer(ISSUER, algorithm="ES256")
        with override_transport(ISSUER, other.transport()):
            before.verify_sync(other.mint("api"), verifier)
        before.verify_sync(site.mint(), verifier)
    assert before.status().keys == 0


def test_what_is_shown_holds_no_secret(site: Site) -> None:
    source = KeySource(ISSUER, proxy="http://user:hunter2@127.0.0.1:1")
    assert "hunter2" not in repr(source) + repr(source.status())
    with pytest.raises(UnavailableError) as refused:
        source.warm_up_sync()
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
