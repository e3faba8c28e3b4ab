# SPDX-License-Identifier: Apache-2.0
"""Keys that are given instead of fetched."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from github_oidc import ConfigurationError, JWKSet, KeySource, TokenError, Verifier
from github_oidc.errors import KeySetError
from github_oidc.keys import pinned
from github_oidc.keys.cache import Snapshot
from github_oidc.keys.pinned import FileKeys
from github_oidc.testing import FakeIssuer

if TYPE_CHECKING:
    from .conftest import Clock, Verify

ISSUER = "https://issuer.example"


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(ISSUER, algorithm="ES256")


@pytest.fixture
def path(tmp_path: Path, issuer: FakeIssuer) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(issuer.jwks()))
    return path


def code_of(verify: Verify, source: KeySource, token: str) -> str:
    with pytest.raises(TokenError) as refused:
        verify(source, token)
    return refused.value.code


def test_a_mapping_serves_for_good(issuer: FakeIssuer, verify: Verify) -> None:
    source = KeySource(ISSUER, jwks=issuer.jwks())
    source.warm_up_sync()
    verify(source, issuer.mint("api"))
    status = source.status()
    assert (status.keys, status.age_s, status.stale) == (1, None, False)
    assert (status.last_error, status.retry_after_s) == (None, 1)
    issuer.rotate()
    assert code_of(verify, source, issuer.mint("api")) == "unknown_key"


def test_a_mapping_is_bound_to_the_issuer(issuer: FakeIssuer, verify: Verify) -> None:
    source = KeySource("https://another.example", jwks=issuer.jwks())
    verifier = Verifier(
        issuer=[ISSUER, "https://another.example"],
        audience="api",
        algorithms=["ES256"],
    )
    with pytest.raises(TokenError) as refused:
        source.verify_sync(issuer.mint("api"), verifier)
    assert refused.value.code == "issuer_mismatch"


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": [{"kty": "oct"}]}, []])
def test_a_mapping_without_keys_is_refused(jwks: object) -> None:
    with pytest.raises(KeySetError):
        KeySource(ISSUER, jwks=jwks)  # type: ignore[arg-type]


def test_a_file_is_read_again_when_it_changes(
    issuer: FakeIssuer, path: Path, clock: Clock, verify: Verify
) -> None:
    source = KeySource(ISSUER, jwks_file=path, _clock=clock)
    verify(source, issuer.mint("api"))
    old = issuer.mint("api")
    issuer.rotate()
    path.write_text(json.dumps(issuer.jwks()) + " ")
    verify(source, issuer.mint("api"))  # an unknown key is a reason to look
    assert code_of(verify, source, old) == "unknown_key"


def test_a_withdrawn_key_goes_within_a_second(
    issuer: FakeIssuer, path: Path, clock: Clock, verify: Verify
) -> None:
    source = KeySource(ISSUER, jwks_file=str(path), _clock=clock)
    old = issuer.mint("api")
    verify(source, old)
    issuer.rotate()
    path.write_text(json.dumps(issuer.jwks()) + " ")
    clock.advance(1)
    assert code_of(verify, source, old) == "unknown_key"
    assert source.status().age_s == 0


def test_a_slow_thread_cannot_put_withdrawn_keys_back(
    issuer: FakeIssuer, path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One looks while another reads the edit, and is the last to say what it saw."""
    keys = FileKeys(ISSUER, path, clock)
    before = keys.ask()
    issuer.rotate()
    path.write_text(json.dumps(issuer.jwks()) + " ")
    read = keys._read
    slow = threading.Thread(target=keys.ask)
    slow_has_looked, edit_is_known = threading.Event(), threading.Event()

    def read_meanwhile() -> JWKSet:
        monkeypatch.setattr(keys, "_read", read)
        monkeypatch.setattr(pinned, "Snapshot", snapshot_meanwhile)
        slow.start()
        assert slow_has_looked.wait(10)
        return read()

    def snapshot_meanwhile(*fields: Any) -> Snapshot:
        if threading.current_thread() is slow:
            slow_has_looked.set()
            assert edit_is_known.wait(10)
        return Snapshot(*fields)

    monkeypatch.setattr(keys, "_read", read_meanwhile)
    after = keys.ask()
    edit_is_known.set()
    slow.join(10)
    assert isinstance(before, Snapshot)
    assert isinstance(after, Snapshot)
    assert after.keys.kids != before.keys.kids
    settled = keys.ask()
    assert isinstance(settled, Snapshot)
    assert settled.keys.kids == after.keys.kids


@pytest.mark.parametrize("edit", ["", "{", '{"keys": []}', "x" * 300_000])
def test_a_bad_edit_leaves_the_last_good_keys(
    issuer: FakeIssuer, path: Path, clock: Clock, verify: Verify, edit: str
) -> None:
    source = KeySource(ISSUER, jwks_file=path, _clock=clock)
    good = path.read_text()
    path.write_text(edit)
    clock.advance(1)
    verify(source, issuer.mint("api"))
    status = source.status()
    assert status.stale
    assert (status.keys, status.last_error) == (1, "keys_unavailable")
    path.write_text(good + "\n")
    clock.advance(1)
    verify(source, issuer.mint("api"))
    assert source.status().last_error is None


def test_a_file_that_goes_and_comes(
    issuer: FakeIssuer, path: Path, clock: Clock, verify: Verify
) -> None:
    source = KeySource(ISSUER, jwks_file=path, _clock=clock)
    aside = path.rename(path.with_suffix(".aside"))
    clock.advance(1)
    verify(source, issuer.mint("api"))
    assert source.status().last_error == "keys_unavailable"
    aside.rename(path)
    clock.advance(1)
    verify(source, issuer.mint("api"))
    assert source.status().last_error is None


def test_an_unchanged_file_is_not_read_again(
    issuer: FakeIssuer, path: Path, clock: Clock, verify: Verify
) -> None:
    source = KeySource(ISSUER, jwks_file=path, _clock=clock)
    seen = path.stat()
    path.write_text(json.dumps({"keys": []}).ljust(seen.st_size))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    clock.advance(1)
    verify(source, issuer.mint("api"))
    assert source.status().last_error is None
    assert source.status().age_s == 1


def test_a_file_must_be_there_and_usable_at_first(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        KeySource(ISSUER, jwks_file=path.with_name("absent.json"))
    path.write_text("{}")
    with pytest.raises(KeySetError):
        KeySource(ISSUER, jwks_file=path)
