# SPDX-License-Identifier: Apache-2.0
"""Keys are kept fresh without requests, and after a fork they are not trusted long."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from github_oidc import KeySource, TokenError
from github_oidc.keys import forget_keys
from github_oidc.keys.cache import KeyCache

from .test_sharing import wait_until

if TYPE_CHECKING:
    from .conftest import Clock, Site, Verify

MakeSource = Callable[..., KeySource]


def cache_of(source: KeySource) -> KeyCache:
    cache = source._keys
    assert isinstance(cache, KeyCache)
    return cache


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer looks at the clock all the time, instead of when a refresh is due."""
    monkeypatch.setattr(KeyCache, "_wait_s", lambda _: 0.002)


@pytest.mark.usefixtures("impatient")
def test_keys_are_refreshed_without_a_request(
    source: KeySource, site: Site, clock: Clock
) -> None:
    source.warm_up_sync()
    clock.advance(239)
    assert site.fetches == 1
    clock.advance(1)  # 80 % of 300 s
    wait_until(lambda: site.fetches == 2)


@pytest.mark.usefixtures("impatient")
def test_a_withdrawn_key_is_refused_after_a_night_without_requests(
    source: KeySource, site: Site, clock: Clock, verify: Verify
) -> None:
    token = site.mint()
    verify(source, token)
    site.issuer.rotate()
    clock.advance(12 * 3600)
    wait_until(lambda: site.fetches == 2)
    wait_until(lambda: cache_of(source)._fetch is None)
    with pytest.raises(TokenError) as refused:
        verify(source, token)
    assert refused.value.code == "unknown_key"


@pytest.mark.usefixtures("impatient")
def test_nobody_uses_the_keys_and_nobody_refreshes_them(
    make_source: MakeSource,
) -> None:
    source = make_source()
    source.warm_up_sync()
    cache = cache_of(source)
    wait_until(lambda: cache._timer is not None)
    del source
    gc.collect()
    wait_until(lambda: cache._timer is None)


@pytest.mark.usefixtures("impatient")
def test_forgotten_keys_are_not_asked_for_again(source: KeySource, site: Site) -> None:
    source.warm_up_sync()
    cache = cache_of(source)
    wait_until(lambda: cache._timer is not None)
    forget_keys(source.issuer)
    wait_until(lambda: cache._timer is None)
    assert site.fetches == 1


def test_the_wait_is_until_the_refresh_is_due(source: KeySource, clock: Clock) -> None:
    source.warm_up_sync()
    cache = cache_of(source)
    assert cache._wait_s() == pytest.approx(240)
    clock.advance(200)
    assert cache._wait_s() == pytest.approx(40)
    clock.advance(200)
    assert cache._wait_s() == 1


class TestInTheChildOfAFork:
    """What the child does is done here to a cache of this process."""

    def test_keys_in_their_life_are_used(
        self, source: KeySource, site: Site, clock: Clock, verify: Verify
    ) -> None:
        token = site.mint()
        source.warm_up_sync()
        cache_of(source).survive_fork()
        clock.advance(200)
        verify(source, token)
        assert site.fetches == 1

    def test_a_key_withdrawn_meanwhile_is_refused(
        self, source: KeySource, site: Site, clock: Clock, verify: Verify
    ) -> None:
        token = site.mint()
        source.warm_up_sync()
        cache_of(source).survive_fork()
        site.issuer.rotate()
        clock.advance(12 * 3600)
        with pytest.raises(TokenError) as refused:
            verify(source, token)
        assert refused.value.code == "unknown_key"

    def test_keys_past_their_life_serve_where_no_others_can_be_had(
        self, source: KeySource, site: Site, clock: Clock, verify: Verify
    ) -> None:
        token = site.mint()
        source.warm_up_sync()
        cache_of(source).survive_fork()
        clock.advance(12 * 3600)
        site.fault = lambda _: httpx.Response(500)
        verify(source, token)
        assert site.fetches == 2
