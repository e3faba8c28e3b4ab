# SPDX-License-Identifier: Apache-2.0
"""What is accepted here, another implementation accepts with the same claims.

The other way round does not hold: this verifier is the stricter one.
"""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from github_oidc import TokenError
from github_oidc.testing import SigningKey

from .forge import ABSENT, AUDIENCE, ISSUER, NOW, Forge

# PyJWT has no injected clock: these tokens are good until the year 2286.
LATER = 9_999_999_999

HEADERS: list[dict[str, Any]] = [
    {},
    *({"typ": typ} for typ in (ABSENT, "jwt", "at+jwt", "", 5, None)),
    *({"alg": alg} for alg in (ABSENT, "none", "RS512", "HS256", "rs256", 5)),
    *({"kid": kid} for kid in (ABSENT, "other", 5, None)),
    *({"crit": crit} for crit in ([], ["b64"], ["exp"], 5)),
    *({"b64": b64} for b64 in (True, False)),
    {"jku": "https://evil.example", "x5c": ["AAAA"]},
    {"zip": "DEF"},
    {"cty": "JWT"},
]
CLAIMS: list[dict[str, Any]] = [
    {},
    *({"iss": iss} for iss in (ABSENT, ISSUER + "/", [ISSUER], None)),
    *(
        {"aud": aud}
        for aud in (ABSENT, [AUDIENCE], [AUDIENCE, "b"], "b", [], [AUDIENCE, 5], None)
    ),
    *({"exp": exp} for exp in (ABSENT, -1, LATER + 0.5, "9999999999", 1e300)),
    *({"nbf": nbf} for nbf in (NOW, LATER, "1", True)),
    *({"iat": iat} for iat in (ABSENT, LATER, "1", 0)),
    *({"sub": sub} for sub in (ABSENT, "", 5)),
    *({"jti": jti} for jti in ("one", 5)),
    {"text": "\u00fc\U0001f600\0", "list": [1, {"a": None}]},
]


def peer(token: str, key: SigningKey, algorithm: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key.jwk(), algorithm=algorithm),
        algorithms=[algorithm],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=30,
        options={"require": ["iss", "sub", "aud", "exp", "iat"]},
    )
    return claims


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES512", "EdDSA"])
def test_nothing_is_accepted_that_a_peer_refuses(
    signing_keys: dict[str, SigningKey], algorithm: str
) -> None:
    forge = Forge(signing_keys[algorithm])
    accepted = 0
    tokens = [
        forge.token(forge.header(**header), forge.claims(**{"exp": LATER, **claims}))
        for header in HEADERS
        for claims in (CLAIMS if not header else [{}])
    ]
    good = tokens[0]
    tokens += [good[:-4] + tail for tail in ("AAAA", "", "AAA=", "\n", ".")]
    for token in tokens:
        try:
            claims = dict(forge.verify(token))
        except TokenError:
            continue
        accepted += 1
        assert peer(token, forge.key, algorithm) == claims
    assert 10 < accepted < len(tokens) / 2
