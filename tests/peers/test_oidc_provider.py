# SPDX-License-Identifier: Apache-2.0
"""ID tokens of oidc-provider, a certified OpenID Provider, verified by discovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from github_oidc.claims import RegisteredClaims
from github_oidc.keys import KeySource
from github_oidc.server import OIDC
from github_oidc.testing import SigningKey

from .login import id_token
from .node import NodePrograms, OIDCProvider
from .private_jwk import private_jwk_set

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]

Call = Callable[[str, str], httpx.Response]


class Person(RegisteredClaims):
    email: str


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def new_keys() -> dict[str, object]:
    edwards = SigningKey.generate("EdDSA")
    keys = private_jwk_set(
        SigningKey.generate("RS256"), SigningKey.generate("ES256"), edwards
    )
    for key in keys["keys"]:  # type: ignore[attr-defined]
        if key["kty"] == "OKP":  # it signs for both of its algorithm's names
            del key["alg"]
    return keys


@pytest.fixture(scope="module")
def provider(node: NodePrograms) -> Iterator[OIDCProvider]:
    with OIDCProvider(node, new_keys()) as provider:
        yield provider


def door(provider: OIDCProvider, algorithm: str, **settings: Any) -> OIDC[Person]:
    return OIDC(
        issuer=provider.issuer,
        audience=f"client-{algorithm}",
        algorithms=(algorithm,),
        claims=Person,
        **settings,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_login_is_admitted(
    provider: OIDCProvider, serve: Any, protect: Any, call: Call, algorithm: str
) -> None:
    url = serve(protect(door(provider, algorithm), Person))
    token = id_token(provider.issuer, f"client-{algorithm}")
    answer = call(url, token)
    assert answer.status_code == 200
    assert answer.json()["iss"] == provider.issuer
    assert answer.json()["email"] == "ada@example.com"

    head, _, signature = token.rpartition(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert call(url, f"{head}.{changed}").status_code == 401


def test_a_login_at_another_client_is_refused(
    provider: OIDCProvider, serve: Any, protect: Any, call: Call
) -> None:
    url = serve(protect(door(provider, "ES256"), Person))
    answer = call(url, id_token(provider.issuer, "client-RS256"))
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "algorithm_not_allowed"


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_new_keys_are_found_and_old_ones_dropped(
    provider: OIDCProvider, serve: Any, protect: Any, call: Call, algorithm: str
) -> None:
    clock = Clock()
    keys = KeySource(provider.issuer, _clock=clock)
    url = serve(protect(door(provider, algorithm, keys=keys), Person))
    before = id_token(provider.issuer, f"client-{algorithm}")
    assert call(url, before).status_code == 200

    provider.rotate(new_keys())
    after = id_token(provider.issuer, f"client-{algorithm}")
    # The issuer was asked just now, and is not asked for every unknown kid.
    answer = call(url, after)
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "unknown_key"
    assert call(url, before).status_code == 200

    clock.now += 31
    assert call(url, after).status_code == 200
    # Known, and in its lifetime, but its key has left the set.
    answer = call(url, before)
    assert answer.status_code == 401
    assert answer.json()["detail"]["code"] == "unknown_key"
