# SPDX-License-Identifier: Apache-2.0
"""Ask a running dev issuer for a token."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from ..testing.endpoints import is_loopback

__all__ = ["mint_token"]

_TIMEOUT_S = 10.0


def mint_token(
    issuer: str,
    *,
    audience: str,
    claims: Mapping[str, object],
    lifetime: int = 300,
    immutable_subject: bool = False,
) -> str:
    """A token with ``claims``, where None leaves one out.

    Raises:
        SystemExit: with one sentence: no dev issuer is there, or it refuses.
    """
    parts = urlsplit(issuer)
    if parts.scheme != "http" or not is_loopback(parts.netloc):
        sys.exit("github-oidc: --issuer takes the URL that `dev issuer` printed")
    wish = {
        "audience": audience,
        "claims": dict(claims),
        "lifetime": lifetime,
        "immutable_subject": immutable_subject,
    }
    url = f"{issuer.rstrip('/')}/dev/mint"
    try:
        # No proxy of the environment stands between this machine and itself.
        with httpx.Client(trust_env=False, timeout=_TIMEOUT_S) as client:
            response = client.post(url, json=wish)
        token = response.json().get("value") if response.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        token = None
        response = None
    if isinstance(token, str):
        return token
    if response is None or response.status_code == 404:
        sys.exit(
            "github-oidc: no dev issuer answers there: "
            "start one with `github-oidc dev issuer`"
        )
    sys.exit("github-oidc: the dev issuer refuses to mint such a token")
