# SPDX-License-Identifier: Apache-2.0
"""What the README's comparison says of PyJWT is asked of PyJWT, and of ours."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from github_oidc import JWKSet, TokenError, Verifier
from github_oidc.testing import FakeIssuer

# The README's row, and the code with which ours refuses.
ROWS = {
    "a token without `exp`": "missing_claim",
    "a token for us and for others": "other_audiences",
    "a payload with `sub` twice": "duplicate_member",
    "`typ: at+jwt`, an access token": "unexpected_type",
}


@pytest.fixture(scope="module")
def issuer(github_signing_key: Any) -> FakeIssuer:
    return FakeIssuer(signing_key=github_signing_key)


def forged(issuer: FakeIssuer, row: str) -> str:
    if row.startswith("a token without"):
        return issuer.mint("my-api", exp=None)
    if row.startswith("a token for us"):
        return issuer.mint(["my-api", "another"])
    if row.startswith("`typ"):
        return issuer.mint("my-api", header={"typ": "at+jwt"})
    header = {"alg": "RS256", "typ": "JWT", "kid": issuer.signing_key.kid}
    good = jwt.decode(issuer.mint("my-api"), options={"verify_signature": False})
    twice = json.dumps(good)[:-1] + ', "sub": "repo:octo-org/other:ref:refs/heads/x"}'
    return issuer.encode(header, twice)


def pyjwt(issuer: FakeIssuer, token: str) -> dict[str, Any]:
    """The usual recipe."""
    [key] = jwt.PyJWKSet.from_dict(issuer.jwks()).keys
    return jwt.decode(
        token, key, algorithms=["RS256"], audience="my-api", issuer=issuer.issuer
    )


@pytest.mark.parametrize(("row", "code"), ROWS.items(), ids=ROWS.values())
def test_pyjwt_accepts_what_ours_refuses(
    issuer: FakeIssuer, row: str, code: str
) -> None:
    token = forged(issuer, row)
    assert pyjwt(issuer, token)["iss"] == issuer.issuer
    verifier = Verifier(issuer=issuer.issuer, audience="my-api")
    with pytest.raises(TokenError) as refused:
        verifier.verify(token, keys=JWKSet.from_dict(issuer.jwks()))
    assert refused.value.code == code


def test_both_accept_a_good_token_and_refuse_a_forged_one(issuer: FakeIssuer) -> None:
    verifier = Verifier(issuer=issuer.issuer, audience="my-api")
    keys = JWKSet.from_dict(issuer.jwks())
    good = issuer.mint("my-api")
    assert verifier.verify(good, keys=keys)["sub"] == pyjwt(issuer, good)["sub"]
    forged_one = issuer.mint("my-api", sign_with=FakeIssuer())
    with pytest.raises(jwt.InvalidSignatureError):
        pyjwt(issuer, forged_one)
    with pytest.raises(TokenError, match="invalid_signature"):
        verifier.verify(forged_one, keys=keys)
