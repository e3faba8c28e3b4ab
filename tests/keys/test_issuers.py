# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from github_oidc.errors import ConfigurationError
from github_oidc.issuers import GITHUB_ISSUER, Issuer, github_issuer, issuer_of

ROOT_JWKS = "https://token.actions.githubusercontent.com/.well-known/jwks"


@pytest.mark.parametrize(
    ("product", "issuer", "jwks_uri"),
    [
        ({}, "https://token.actions.githubusercontent.com", ROOT_JWKS),
        (
            {"enterprise": "Acme-1"},
            "https://token.actions.githubusercontent.com/Acme-1",
            ROOT_JWKS,
        ),
        (
            {"ghes": "Git.example.com"},
            "https://git.example.com/_services/token",
            None,
        ),
        (
            {"ghes": "git.example.com:8443"},
            "https://git.example.com:8443/_services/token",
            None,
        ),
        ({"ghe": "acme"}, "https://token.actions.acme.ghe.com", None),
        (
            {"ghe": "acme", "enterprise": "acme"},
            "https://token.actions.acme.ghe.com/acme",
            None,
        ),
    ],
    ids=str,
)
def test_products_have_exact_issuers(
    product: dict[str, Any], issuer: str, jwks_uri: str | None
) -> None:
    assert github_issuer(**product) == Issuer(issuer, jwks_uri)


@pytest.mark.parametrize(
    "product",
    [
        {"enterprise": ""},
        {"enterprise": "a/b"},
        {"enterprise": "a.b"},
        {"enterprise": "-a"},
        {"enterprise": "a\n"},
        {"enterprise": "ä"},
        {"enterprise": 5},
        {"enterprise": "a" * 64},
        {"ghe": "acme.ghe.com"},
        {"ghe": "acme/../evil"},
        {"ghe": ""},
        {"ghes": "https://git.example.com"},
        {"ghes": "git.example.com/"},
        {"ghes": "user@git.example.com"},
        {"ghes": "git.example.com:0"},
        {"ghes": "git.example.com:70000"},
        {"ghes": "git.example.com:"},
        {"ghes": "git..example.com"},
        {"ghes": "git.example.com."},
        {"ghes": ""},
        {"ghes": None, "ghe": b"acme"},
        {"ghes": "git.example.com", "enterprise": "acme"},
        {"ghes": "git.example.com", "ghe": "acme"},
    ],
    ids=str,
)
def test_what_is_no_name_is_refused(product: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        github_issuer(**product)


@pytest.mark.parametrize(
    ("identifier", "jwks_uri"),
    [
        (GITHUB_ISSUER, ROOT_JWKS),
        (f"{GITHUB_ISSUER}/acme", ROOT_JWKS),
        (f"{GITHUB_ISSUER}/", None),
        (f"{GITHUB_ISSUER}/a/b", None),
        (f"{GITHUB_ISSUER}.evil.example", None),
        (f"{GITHUB_ISSUER}:8443/acme", None),
        ("https://gitlab.com", None),
    ],
)
def test_keys_are_pinned_for_exactly_the_known_issuers(
    identifier: str, jwks_uri: str | None
) -> None:
    assert issuer_of(identifier) == Issuer(identifier, jwks_uri)


def test_an_issuer_is_left_as_it_is() -> None:
    given = Issuer(GITHUB_ISSUER, "https://mirror.example/jwks")
    assert issuer_of(given) is given


@pytest.mark.parametrize(
    ("issuer", "shared"),
    [
        (github_issuer(), True),
        (Issuer("https://gitlab.com"), True),
        (github_issuer(enterprise="acme"), False),
        (github_issuer(ghes="git.example.com"), False),
        (github_issuer(ghe="acme"), False),
    ],
    ids=str,
)
def test_who_shares_an_issuer_with_the_world(issuer: Issuer, shared: bool) -> None:
    assert issuer.shared is shared
