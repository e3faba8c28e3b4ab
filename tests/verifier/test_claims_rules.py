# SPDX-License-Identifier: Apache-2.0
"""Registered claims: issuer, audience, times, and their strict types."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from github_oidc import Verifier

from .forge import ABSENT, AUDIENCE, ISSUER, NOW, Forge

NO_DATES: list[Any] = [
    None,
    True,
    "1700000000",
    [NOW],
    {},
    2.0**54,
    -(2.0**54),
    2**53 + 1,
    -(2**53) - 1,
    2**63 - 1,
    -(2**63),
]
OTHER_ISSUERS = [
    ISSUER + "/",
    ISSUER.upper(),
    ISSUER + "\0",
    " " + ISSUER,
    ISSUER[:-1],
    "http://issuer.example",
    "https://issuer.example.evil.example",
]
OTHER_AUDIENCES: list[Any] = [
    "",
    [],
    "My-Api",
    "my-api/",
    "my-api ",
    "my-api,other",
    "my",
    "my-api\0",
    "*",
    ["other"],
    [""],
]


class TestForm:
    @pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat"])
    def test_required(self, forge: Forge, claim: str) -> None:
        token = forge.token(**{claim: ABSENT})
        assert forge.reason(token) == ("missing_claim", claim)

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("value", NO_DATES, ids=repr)
    def test_dates_are_numbers(self, forge: Forge, claim: str, value: object) -> None:
        token = forge.token(**{claim: value})
        assert forge.reason(token) == ("malformed_claim", claim)

    @pytest.mark.parametrize("claim", ["iss", "sub", "jti"])
    @pytest.mark.parametrize("value", [None, 5, True, [ISSUER], {}], ids=repr)
    def test_texts(self, forge: Forge, claim: str, value: object) -> None:
        token = forge.token(**{claim: value})
        assert forge.reason(token) == ("malformed_claim", claim)

    @pytest.mark.parametrize("claim", ["iss", "sub"])
    def test_texts_are_not_empty(self, forge: Forge, claim: str) -> None:
        assert forge.reason(forge.token(**{claim: ""})) == ("malformed_claim", claim)

    @pytest.mark.parametrize("value", [None, 5, {}, [AUDIENCE, None], [[AUDIENCE]]])
    def test_audience(self, forge: Forge, value: object) -> None:
        assert forge.reason(forge.token(aud=value)) == ("malformed_claim", "aud")

    @pytest.mark.parametrize("name", ["Iss", "iss ", "iss\0"])
    def test_names_are_exact(self, forge: Forge, name: str) -> None:
        token = forge.token(iss=ABSENT, **{name: ISSUER})
        assert forge.reason(token) == ("missing_claim", "iss")

    def test_an_escaped_name_is_the_same_name(self, forge: Forge) -> None:
        text = json.dumps(forge.claims()).replace('"iss"', r'"\u0069ss"')
        assert forge.verify(forge.token(None, text))["iss"] == ISSUER


class TestIssuerAndAudience:
    @pytest.mark.parametrize("issuer", OTHER_ISSUERS)
    def test_issuer_is_exact(self, forge: Forge, issuer: str) -> None:
        assert forge.reason(forge.token(iss=issuer)) == ("issuer_mismatch", "iss")

    @pytest.mark.parametrize("audience", OTHER_AUDIENCES, ids=repr)
    def test_audience_is_exact(self, forge: Forge, audience: object) -> None:
        assert forge.reason(forge.token(aud=audience)) == ("audience_mismatch", "aud")

    def test_a_list_of_ours_only(self, forge: Forge) -> None:
        assert forge.verify(forge.token(aud=[AUDIENCE, AUDIENCE]))["aud"]

    def test_other_audiences(self, forge: Forge) -> None:
        token = forge.token(aud=["other", AUDIENCE])
        assert forge.reason(token) == ("other_audiences", "aud")
        assert forge.verify(token, allow_other_audiences=True)
        assert forge.verify(token, audience=["other", AUDIENCE])

    def test_names_beyond_ascii(self, forge: Forge) -> None:
        token = forge.token(aud="api-\u00fc\U0001f600")
        assert forge.verify(token, audience="api-\u00fc\U0001f600")
        # The same letter, composed otherwise.
        reason = forge.reason(token, audience="api-u\u0308\U0001f600")
        assert reason == ("audience_mismatch", "aud")


class TestTimes:
    """Leeway 30; a fraction of a second on either side of each limit."""

    @pytest.mark.parametrize("exp", [NOW, NOW + 0.5, 0, 0.25, -1, -5e9])
    def test_exp(self, forge: Forge, exp: float) -> None:
        token = forge.token(exp=exp, iat=-6e9)
        assert forge.verify(token, now=exp + 29.75)
        for late in (30, 30.25):
            refusal = forge.refusal(token, now=exp + late)
            assert (refusal.code, refusal.claim) == ("token_expired", "exp")
            assert refusal.off_by_s == late

    def test_nbf(self, forge: Forge) -> None:
        token = forge.token(nbf=NOW + 0.5)
        assert forge.verify(token, now=NOW - 29.5)
        refusal = forge.refusal(token, now=NOW - 29.75)
        assert (refusal.code, refusal.claim) == ("token_not_yet_valid", "nbf")
        assert refusal.off_by_s == 30.25
        assert refusal.message.endswith("(nbf), off by 30 s")

    def test_iat(self, forge: Forge) -> None:
        token = forge.token(iat=NOW + 0.5)
        assert forge.verify(token, now=NOW - 29.5)
        assert forge.reason(token, now=NOW - 29.75) == ("token_from_future", "iat")

    def test_max_age(self, forge: Forge) -> None:
        token = forge.token()
        for max_age in (0, 0.5, 60):
            assert forge.verify(token, max_age=max_age, now=NOW + max_age + 30)
            late = NOW + max_age + 30.25
            assert forge.reason(token, max_age=max_age, now=late) == (
                "token_too_old",
                "iat",
            )

    def test_max_age_never_lengthens_a_life(self, forge: Forge) -> None:
        reason = forge.reason(forge.token(), max_age=10_000, now=NOW + 330)
        assert reason == ("token_expired", "exp")

    def test_accept_expired(self, forge: Forge) -> None:
        token = forge.token()
        rules: dict[str, Any] = {"accept_expired": True, "max_age": 3600}
        assert forge.verify(token, **rules, now=NOW + 3630)
        assert forge.reason(token, **rules, now=NOW + 3630.25) == (
            "token_too_old",
            "iat",
        )

    def test_leeway_zero(self, forge: Forge) -> None:
        token = forge.token()
        assert forge.verify(token, leeway=0, now=NOW + 299.75)
        assert forge.reason(token, leeway=0, now=NOW + 300)[0] == "token_expired"

    @pytest.mark.parametrize(
        "now", [int(NOW), NOW, NOW + 1e-6, type("F", (float,), {})(NOW)]
    )
    def test_clocks(self, forge: Forge, now: float) -> None:
        assert forge.verify(forge.token(), now=now)

    def test_the_systems_clock(
        self, forge: Forge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verifier = Verifier(issuer=ISSUER, audience=AUDIENCE)
        token = forge.token()
        monkeypatch.setattr(time, "time", lambda: NOW)
        assert verifier.verify(token, keys=forge.keys)
        monkeypatch.setattr(time, "time", lambda: NOW + 330)
        with pytest.raises(Exception, match="token_expired"):
            verifier.verify(token, keys=forge.keys)

    def test_times_are_checked_again_for_a_known_token(self, forge: Forge) -> None:
        verifier = Verifier(issuer=ISSUER, audience=AUDIENCE)
        token = forge.token()
        for now, code in ((NOW, ""), (NOW + 330, "token_expired"), (NOW + 1, "")):
            if code:
                with pytest.raises(Exception, match=code):
                    verifier.verify(token, keys=forge.keys, now=now)
            else:
                assert verifier.verify(token, keys=forge.keys, now=now)


@pytest.mark.parametrize(
    ("types", "typ", "passes"),
    [
        (["at+jwt"], "at+jwt", True),
        (["at+jwt"], "AT+JWT", True),
        (["at+jwt"], "JWT", False),
        (["at+jwt"], ABSENT, False),
        (["JWT", "at+jwt"], ABSENT, True),
        ("application/at+jwt", "at+jwt", False),
    ],
)
def test_types(forge: Forge, types: object, typ: object, passes: bool) -> None:
    token = forge.token(forge.header(typ=typ))
    if passes:
        assert forge.verify(token, types=types)
    else:
        assert forge.reason(token, types=types) == ("unexpected_type", "typ")
