# SPDX-License-Identifier: Apache-2.0
"""The input of every case: GitHub-shaped tokens of one key, all different."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from github_oidc.testing import FakeIssuer

__all__ = ["AUDIENCE", "Tokens", "mint"]

AUDIENCE = "my-api"

# More than a verifier remembers (4096), so that going round means a new one each time.
COUNT = 5000

EXTRA: dict[str, Any] = {
    "check_run_id": "51234567890",
    "enterprise": "avocado-corp",
    "enterprise_id": "4242",
    "environment_node_id": "EN_kwDOABCDEFGHIJKL",
    "issuer_scope": "enterprise",
}


@dataclass(frozen=True)
class Tokens:
    issuer: FakeIssuer
    texts: list[str]
    signing_inputs: list[bytes]
    signatures: list[bytes]


def mint(count: int = COUNT) -> Tokens:
    issuer = FakeIssuer()
    texts = [
        issuer.mint(AUDIENCE, environment="production", lifetime=86400, **EXTRA)
        for _ in range(count)
    ]
    halves = [text.rpartition(".") for text in texts]
    return Tokens(
        issuer,
        texts,
        [head.encode() for head, _, _ in halves],
        [base64.urlsafe_b64decode(tail + "==") for _, _, tail in halves],
    )
