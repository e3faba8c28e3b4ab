# SPDX-License-Identifier: Apache-2.0
"""Project Wycheproof's published JWS and JWK cases, through `verify_jws`.

Its "valid" cases that are refused here are listed with the reason; the list is exact
in both directions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from github_oidc import JWKSet, TokenError
from github_oidc.errors import KeySetError
from github_oidc.testing import ALGORITHMS
from github_oidc.verifier import verify_jws

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors/wycheproof"

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(),
    reason="the published vectors are not beside this repository",
)


def outcomes(file: str) -> dict[int, tuple[str, str]]:
    """Of each case its published result, and ours: "accepted" or the code."""
    document: Any = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    return {
        case["tcId"]: (case["result"], ours(group, case["jws"]))
        for group in document["testGroups"]
        for case in group["tests"]
    }


def ours(group: dict[str, Any], jws: object) -> str:
    public = group.get("public", group["private"])
    key_set = public if "keys" in public else {"keys": [public]}
    text = jws if isinstance(jws, str) else json.dumps(jws)
    try:
        keys = JWKSet.from_dict(key_set)
        verify_jws(text, keys=keys, algorithms=ALGORITHMS)
    except (TokenError, KeySetError) as refused:
        return refused.code
    return "accepted"


HMAC = "HMAC: no public key verifies it (RFC 8725 2.1)"
ALG = "the JWK's alg is not the header's (RFC 7517 4.4)"
NO_ALG = "the JWK's alg is ES521, which does not exist (RFC 7517 4.4)"
EMPTY = "an empty payload is no Claims Set (RFC 7519 7.2)"

# Published as valid, refused here: the reason's code, why, and the cases.
REFUSED_SIGNATURES = {
    ("empty_key_set", HMAC): (1, 348, 352, 357, 358, 359, 372, 373, 376, 377),
    ("malformed_jws", EMPTY): (259, 264, 268, 272, 320, 325),
    ("key_mismatch", ALG): (346, 350),
    ("empty_key_set", NO_ALG): (347, 351),
}
REFUSED_KEYS = {("empty_key_set", HMAC): (2, 13, 14, 15)}


@pytest.mark.parametrize(
    ("file", "count", "refused"),
    [
        ("json_web_signature_test.json", 401, REFUSED_SIGNATURES),
        ("json_web_key_test.json", 26, REFUSED_KEYS),
    ],
)
def test_published_cases(
    file: str,
    count: int,
    refused: dict[tuple[str, str], tuple[int, ...]],
) -> None:
    found = outcomes(file)
    assert len(found) == count
    valid = {case for case, (result, _) in found.items() if result == "valid"}
    passed = {case for case, (_, code) in found.items() if code == "accepted"}
    listed = {case: code for (code, _), cases in refused.items() for case in cases}
    assert {case: found[case][1] for case in valid - passed} == listed
    assert passed <= valid
