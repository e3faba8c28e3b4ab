# SPDX-License-Identifier: Apache-2.0
"""Private JWKs (RFC 7518 6), which only a provider under test is given."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from github_oidc.testing import SigningKey

__all__ = ["private_jwk_set"]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _uint(number: int, size: int = 0) -> str:
    size = size or (number.bit_length() + 7) // 8
    return _base64url(number.to_bytes(size, "big"))


def _private_members(key: Any) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {
            "d": _uint(numbers.d),
            "p": _uint(numbers.p),
            "q": _uint(numbers.q),
            "dp": _uint(numbers.dmp1),
            "dq": _uint(numbers.dmq1),
            "qi": _uint(numbers.iqmp),
        }
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"d": _uint(key.private_numbers().private_value, 32)}
    return {"d": _base64url(key.private_bytes_raw())}


def private_jwk_set(*keys: SigningKey) -> dict[str, object]:
    """The keys as a JWK Set with their private members."""
    return {
        "keys": [{**key.jwk(), **_private_members(key.private_key)} for key in keys]
    }
