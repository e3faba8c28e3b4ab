# SPDX-License-Identifier: Apache-2.0
"""The settings: what is refused, what is said, and what reaches the verifier."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from github_oidc import KeySource
from github_oidc.errors import ConfigurationError, OpenDoorWarning
from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.server import OIDC, GithubOIDC
from github_oidc.testing import FakeIssuer, SigningKey
from github_oidc.verifier import AUDIENCE_FROM_POLICY

KEYS = FakeIssuer(signing_key=SigningKey.generate("RS256")).jwks()
OWN_ISSUER = "https://issuer.example"


class TestSettings:
    """What is missing or contradictory is refused when the application starts."""

    def test_the_audience_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, issuer: FakeIssuer, ask_app: Any,
        protect: Any,
    ) -> None:  # fmt: skip
        monkeypatch.setenv("GITHUB_OIDC_AUDIENCE", "from-the-environment")
        oidc = GithubOIDC(jwks=issuer.jwks(), allow_any_workflow=True)
        monkeypatch.delenv("GITHUB_OIDC_AUDIENCE")
        ask = ask_app(protect(oidc))
        good, bad = issuer.mint("from-the-environment"), issuer.mint("testserver")
        assert ask("/async", f"Bearer {good}").status == 200
        assert ask("/async", f"Bearer {bad}").code == "audience_mismatch"

    def test_the_argument_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_OIDC_AUDIENCE", "from-the-environment")
        oidc = GithubOIDC(audience="given", jwks=KEYS, allow_any_workflow=True)
        assert "'given'" in repr(oidc)
        assert "from-the-environment" not in repr(oidc)

    @pytest.mark.parametrize("value", [None, ""])
    def test_no_audience(
        self, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv("GITHUB_OIDC_AUDIENCE", raising=False)
        if value is not None:
            monkeypatch.setenv("GITHUB_OIDC_AUDIENCE", value)
        with pytest.raises(ConfigurationError) as refused:
            GithubOIDC(jwks=KEYS)
        assert 'audience="..."' in str(refused.value)
        assert "GITHUB_OIDC_AUDIENCE" in str(refused.value)

    @pytest.mark.parametrize(
        "settings",
        [
            {"audience": ""},
            {"audience": []},
            {"audience": ["a", ""]},
            {"audience": [1]},
            {"audience": 1},
            {"audience": AUDIENCE_FROM_POLICY},
            {"leeway": -1},
            {"leeway": float("nan")},
            {"max_age": -1},
            {"issuer": ""},
            {"issuer": "http://issuer.example"},
            {"unauthenticated_status": 404},
            {"unauthenticated_status": 200},
            {"openapi_scheme": "oauth2"},
            {"ghes": "https://git.example.com"},
            {"ghes": "git.example.com", "enterprise": "acme"},
            {"ghes": "git.example.com", "issuer": OWN_ISSUER},
            {"enterprise": "acme/../x"},
            {"ghe": "acme.ghe.com"},
            {"keys": KeySource(GITHUB_ISSUER, jwks=KEYS)},
            {"keys": KeySource(OWN_ISSUER, jwks=KEYS), "jwks": None},
            {"jwks_uri": "https://issuer.example/jwks"},
            {"proxy": "http://127.0.0.1:1"},
            {"verify": False},
        ],
        ids="-".join,
    )
    def test_a_setting_is_refused(self, settings: dict[str, Any]) -> None:
        settings = {"audience": "a", "jwks": KEYS, **settings}
        with pytest.raises(ConfigurationError):
            GithubOIDC(allow_any_workflow=True, **settings)

    @pytest.mark.parametrize("name", ["transport", "proxy", "verify", "jwks_file"])
    def test_keys_stand_alone(self, name: str) -> None:
        keys = KeySource(GITHUB_ISSUER, jwks=KEYS)
        settings: dict[str, Any] = {name: "x"}
        with pytest.raises(ConfigurationError, match=f"{name}="):
            GithubOIDC(audience="a", keys=keys, allow_any_workflow=True, **settings)

    @pytest.mark.parametrize("name", ["allow", "policy", "algorithms", "token"])
    def test_a_setting_that_is_not_there(self, name: str) -> None:
        settings: dict[str, Any] = {name: ()}
        with pytest.raises(TypeError, match=name):
            GithubOIDC(audience="a", jwks=KEYS, **settings)

    @pytest.mark.parametrize(
        ("settings", "issuer"),
        [
            ({}, GITHUB_ISSUER),
            ({"issuer": OWN_ISSUER}, OWN_ISSUER),
            ({"ghes": "git.example.com"}, "https://git.example.com/_services/token"),
            ({"enterprise": "acme"}, f"{GITHUB_ISSUER}/acme"),
            ({"ghe": "acme"}, "https://token.actions.acme.ghe.com"),
            (
                {"ghe": "acme", "enterprise": "unit"},
                "https://token.actions.acme.ghe.com/unit",
            ),
        ],
    )
    def test_the_issuer(
        self,
        settings: dict[str, str],
        issuer: str,
        github_signing_key: SigningKey,
        ask_app: Any,
        protect: Any,
    ) -> None:
        fake = FakeIssuer(issuer, signing_key=github_signing_key)
        with fake.installed():
            oidc = GithubOIDC(audience="a", allow_any_workflow=True, **settings)  # type: ignore[arg-type]
            ask = ask_app(protect(oidc))
            assert ask("/async", f"Bearer {fake.mint('a')}").status == 200
            for other in (f"{issuer}/", f"{issuer}/x", GITHUB_ISSUER + "x"):
                answer = ask("/async", f"Bearer {fake.mint('a', iss=other)}")
                assert answer.code == "issuer_mismatch"

    def test_several_audiences(
        self, issuer: FakeIssuer, make_oidc: Any, protect: Any, ask_app: Any
    ) -> None:
        ask = ask_app(protect(make_oidc(audience=["a", "b"])))
        statuses = [ask("/async", f"Bearer {issuer.mint(a)}").status for a in "abc"]
        assert statuses == [200, 200, 401]

    def test_age_and_leeway_reach_the_verifier(
        self, issuer: FakeIssuer, make_oidc: Any, protect: Any, ask_app: Any
    ) -> None:
        token = issuer.mint("my-api", issued_at=1_000_000_000)
        answer = ask_app(protect(make_oidc(leeway=1e9)))("/async", f"Bearer {token}")
        assert answer.status == 200
        strict = make_oidc(leeway=1e9, max_age=1)
        # Within the leeway, however old: both settings act together.
        assert ask_app(protect(strict))("/async", f"Bearer {token}").status == 200
        lax = make_oidc(max_age=0, leeway=0)
        token = issuer.mint("my-api", issued_at=1_000_000_000, lifetime=1e9)
        assert (
            ask_app(protect(lax))("/async", f"Bearer {token}").code == "token_too_old"
        )

    def test_keys_from_a_file(
        self, tmp_path: Path, issuer: FakeIssuer, make_oidc: Any, protect: Any,
        ask_app: Any,
    ) -> None:  # fmt: skip
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps(issuer.jwks()))
        ask = ask_app(protect(make_oidc(jwks_file=path)))
        assert ask("/async", f"Bearer {issuer.mint('my-api')}").status == 200


@pytest.mark.parametrize("claims", [dict, None, "GithubOIDCClaims"])
def test_claims_are_read_into_a_model(claims: Any) -> None:
    with pytest.raises(ConfigurationError, match="claims="):
        OIDC(issuer=OWN_ISSUER, audience="a", jwks=KEYS, claims=claims)


class TestOpenDoor:
    """An issuer that strangers share lets in everyone, and that is said."""

    def test_github_and_where_it_was_said(self) -> None:
        with pytest.warns(OpenDoorWarning, match="allow_any_workflow=True") as record:
            GithubOIDC(audience="a", jwks=KEYS)
        assert record[0].filename == __file__

    def test_another_shared_issuer(self) -> None:
        with pytest.warns(OpenDoorWarning, match="allow_anyone=True") as record:
            OIDC(issuer="https://gitlab.com", audience="a", jwks=KEYS)
        assert record[0].filename == __file__

    @pytest.mark.parametrize(
        "settings",
        [
            {"allow_any_workflow": True},
            {"enterprise": "acme"},
            {"ghes": "git.example.com"},
            {"ghe": "acme"},
            {"issuer": OWN_ISSUER},
        ],
        ids="-".join,
    )
    def test_silence(self, settings: dict[str, Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            GithubOIDC(audience="a", jwks=KEYS, **settings)

    def test_silence_elsewhere(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            OIDC(issuer=OWN_ISSUER, audience="a", jwks=KEYS)
            OIDC(
                issuer="https://gitlab.com", audience="a", jwks=KEYS, allow_anyone=True
            )
