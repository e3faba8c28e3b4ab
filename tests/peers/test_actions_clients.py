# SPDX-License-Identifier: Apache-2.0
"""Clients of another make mint at the fake Actions endpoint; the service decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import id as id_package
import pytest

from github_oidc.client import ActionsAuth, get_actions_header, get_actions_token
from github_oidc.server import GithubOIDC, GithubOIDCClaims
from github_oidc.testing import FakeIssuer

from .node import NodePrograms

AUDIENCE = "my api & more"

Call = Callable[[str, str], httpx.Response]
Minter = Callable[[str], str]


@pytest.fixture
def url(issuer: FakeIssuer, serve: Any, protect: Any) -> str:
    oidc = GithubOIDC(issuer=issuer.issuer, audience=AUDIENCE, allow_any_workflow=True)
    served: str = serve(protect(oidc, GithubOIDCClaims))
    return served


@pytest.fixture(params=["@actions/core", "id", "github_oidc.client"])
def minter(
    request: pytest.FixtureRequest,
    issuer: FakeIssuer,
    node: NodePrograms,
    monkeypatch: pytest.MonkeyPatch,
) -> Minter:
    environment = issuer.actions_environment()
    if request.param == "@actions/core":
        return lambda audience: node.actions_core_token(audience, environment)[0]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if request.param == "github_oidc.client":
        return get_actions_token

    def mint(audience: str) -> str:
        token = id_package.detect_credential(audience)
        assert token is not None
        return token

    return mint


def test_a_minted_token_is_admitted(url: str, call: Call, minter: Minter) -> None:
    answer = call(url, minter(AUDIENCE))
    assert answer.status_code == 200
    assert answer.json()["aud"] == AUDIENCE
    assert answer.json()["repository"] == "octo-org/octo-repo"


def test_a_token_for_another_audience_is_refused(
    url: str, call: Call, minter: Minter
) -> None:
    answer = call(url, minter("another-api"))
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "audience_mismatch"


def test_a_changed_signature_is_refused(url: str, call: Call, minter: Minter) -> None:
    head, _, signature = minter(AUDIENCE).rpartition(".")
    # Not the last character: its unused bits would make it malformed.
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    answer = call(url, f"{head}.{changed}")
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "invalid_signature"


def test_changed_claims_are_refused(url: str, call: Call, minter: Minter) -> None:
    header, payload, signature = minter(AUDIENCE).split(".")
    _, other_payload, _ = minter(AUDIENCE).split(".")
    assert payload != other_payload
    answer = call(url, f"{header}.{other_payload}.{signature}")
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "invalid_signature"


def test_a_token_of_another_issuer_is_refused(url: str, call: Call) -> None:
    answer = call(url, FakeIssuer().mint(AUDIENCE))
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "unknown_key"


def test_another_issuer_with_the_same_kid_is_refused(
    url: str, call: Call, issuer: FakeIssuer
) -> None:
    other = FakeIssuer()
    forged = issuer.mint(AUDIENCE, sign_with=other)
    answer = call(url, forged)
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "invalid_signature"


def test_keys_are_fetched_once(
    url: str, call: Call, minter: Minter, issuer: FakeIssuer
) -> None:
    for _ in range(3):
        assert call(url, minter(AUDIENCE)).status_code == 200
    assert issuer.requests["metadata"] == 1
    assert issuer.requests["jwks"] == 1


def test_actions_core_masks_and_sends_what_is_expected(
    issuer: FakeIssuer, node: NodePrograms
) -> None:
    token, printed = node.actions_core_token(AUDIENCE, issuer.actions_environment())
    assert f"::add-mask::{token}" in printed
    assert issuer.requests["token"] == 1


def test_our_client_calls_the_service(
    url: str, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in issuer.actions_environment().items():
        monkeypatch.setenv(name, value)
    with httpx.Client(trust_env=False) as client:
        by_header = client.get(f"{url}/whoami", headers=get_actions_header(AUDIENCE))
        assert by_header.status_code == 200
        client.auth = ActionsAuth(AUDIENCE, origin=url)
        assert client.get(f"{url}/whoami").status_code == 200
        assert client.get(f"{url}/whoami").status_code == 200
    assert issuer.requests["token"] == 2
