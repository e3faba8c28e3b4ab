# SPDX-License-Identifier: Apache-2.0
"""Private keys of a fake issuer, and the JWS Compact Serialization they sign."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
except ModuleNotFoundError as missing:  # pragma: no cover - tests/packaging
    raise ModuleNotFoundError(
        "github_oidc.testing signs with cryptography: "
        'pip install "github-oidc[testing]"',
        name=missing.name,
    ) from None

from ..errors import ConfigurationError

__all__ = [
    "ALGORITHMS",
    "Segment",
    "SigningKey",
    "SigningKeys",
    "base64url",
    "encode_jws",
]

Segment = Mapping[str, object] | str | bytes
"""A JOSE header or Claims Set: an object to serialize, or its exact JSON text."""


def base64url(octets: bytes) -> str:
    """``octets`` as base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _uint(number: int, size: int | None = None) -> str:
    """Base64urlUInt (RFC 7518 2), or a coordinate of ``size`` octets (6.2.1.2)."""
    return base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _new_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _rsa_members(key: Any) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": _uint(numbers.n), "e": _uint(numbers.e)}


def _ec_members(crv: str, size: int) -> Callable[[Any], dict[str, str]]:
    def members(key: Any) -> dict[str, str]:
        point = key.public_key().public_numbers()
        x, y = _uint(point.x, size), _uint(point.y, size)
        return {"kty": "EC", "crv": crv, "x": x, "y": y}

    return members


def _okp_members(key: Any) -> dict[str, str]:
    raw = key.public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}


def _sign_pkcs1(digest: hashes.HashAlgorithm) -> Callable[[Any, bytes], bytes]:
    return lambda key, octets: bytes(key.sign(octets, padding.PKCS1v15(), digest))


def _sign_pss(digest: hashes.HashAlgorithm) -> Callable[[Any, bytes], bytes]:
    # The salt is as long as the digest, with the same digest in MGF1 (RFC 7518 3.5).
    scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    return lambda key, octets: bytes(key.sign(octets, scheme, digest))


def _sign_ecdsa(
    digest: hashes.HashAlgorithm, size: int
) -> Callable[[Any, bytes], bytes]:
    def sign(key: Any, octets: bytes) -> bytes:
        # R and S side by side, each of the curve's size (RFC 7518 3.4), not DER.
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def _sign_eddsa(key: Any, octets: bytes) -> bytes:
    return bytes(key.sign(octets))


class _Algorithm(NamedTuple):
    """How one ``alg`` makes keys, describes them as a JWK, and signs."""

    generate: Callable[[], Any]
    members: Callable[[Any], dict[str, str]]
    sign: Callable[[Any, bytes], bytes]


_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_ED25519 = _Algorithm(ed25519.Ed25519PrivateKey.generate, _okp_members, _sign_eddsa)


def _ecdsa(
    curve: ec.EllipticCurve, crv: str, size: int, digest: hashes.HashAlgorithm
) -> _Algorithm:
    return _Algorithm(
        lambda: ec.generate_private_key(curve),
        _ec_members(crv, size),
        _sign_ecdsa(digest, size),
    )


_ALGORITHMS: Final[dict[str, _Algorithm]] = {
    "RS256": _Algorithm(_new_rsa, _rsa_members, _sign_pkcs1(_SHA256)),
    "RS384": _Algorithm(_new_rsa, _rsa_members, _sign_pkcs1(_SHA384)),
    "RS512": _Algorithm(_new_rsa, _rsa_members, _sign_pkcs1(_SHA512)),
    "PS256": _Algorithm(_new_rsa, _rsa_members, _sign_pss(_SHA256)),
    "PS384": _Algorithm(_new_rsa, _rsa_members, _sign_pss(_SHA384)),
    "PS512": _Algorithm(_new_rsa, _rsa_members, _sign_pss(_SHA512)),
    "ES256": _ecdsa(ec.SECP256R1(), "P-256", 32, _SHA256),
    "ES384": _ecdsa(ec.SECP384R1(), "P-384", 48, _SHA384),
    "ES512": _ecdsa(ec.SECP521R1(), "P-521", 66, _SHA512),
    "EdDSA": _ED25519,
    "Ed25519": _ED25519,
}

ALGORITHMS: Final[tuple[str, ...]] = tuple(_ALGORITHMS)
"""Every ``alg`` that a fake issuer can sign with."""


@dataclass(frozen=True, eq=False)
class SigningKey:
    """A private key that signs with one algorithm.

    Attributes:
        algorithm: the ``alg`` of its signatures and of its JWK, one of `ALGORITHMS`.
        kid: its key id; a UUID, as GitHub's are.
        private_key: the key of the ``cryptography`` package.
    """

    algorithm: str
    kid: str
    private_key: Any = field(repr=False)

    @classmethod
    def generate(
        cls, algorithm: str = "RS256", *, kid: str | None = None
    ) -> SigningKey:
        """A new key. An RSA key has 2048 bits and takes 50 to 300 ms.

        Raises:
            ConfigurationError: ``algorithm`` is none of `ALGORITHMS`.
        """
        if algorithm not in _ALGORITHMS:
            raise ConfigurationError(f"algorithm is one of {', '.join(ALGORITHMS)}")
        key = _ALGORITHMS[algorithm].generate()
        return cls(algorithm, kid or str(uuid.uuid4()), key)

    def sign(self, octets: bytes) -> bytes:
        """The JWS Signature of ``octets`` (RFC 7515 5.1, RFC 7518 3)."""
        return _ALGORITHMS[self.algorithm].sign(self.private_key, octets)

    def jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517 4) with ``kid``, ``use`` and ``alg``."""
        members = _ALGORITHMS[self.algorithm].members(self.private_key)
        return {**members, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @cached_property
    def x5t(self) -> str:
        """What stands in the header's ``x5t``: a SHA-1 over the public key.

        GitHub's is a certificate's (RFC 7515 4.1.7). A fake issuer has none, and
        nothing may trust the parameter.
        """
        der = self.private_key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        return base64url(hashlib.sha1(der, usedforsecurity=False).digest())


class SigningKeys:
    """The keys that an issuer publishes; the newest signs. Safe between threads.

    Args:
        algorithm: of the first key, which is made when it is first needed.
        first: the first key, where there is one already.
    """

    def __init__(self, algorithm: str, first: SigningKey | None = None) -> None:
        if algorithm not in _ALGORITHMS:
            raise ConfigurationError(f"algorithm is one of {', '.join(ALGORITHMS)}")
        self.algorithm = first.algorithm if first else algorithm
        self._published: tuple[SigningKey, ...] = (first,) if first else ()
        self._lock = threading.Lock()

    @property
    def published(self) -> tuple[SigningKey, ...]:
        """At least one key, the newest last."""
        with self._lock:
            if not self._published:
                self._published = (SigningKey.generate(self.algorithm),)
            return self._published

    def add(self, key: SigningKey, *, keep_old: bool) -> None:
        """Publish ``key`` and sign with it, beside the earlier ones or instead."""
        # An earlier key that nobody has needed yet is still published from here on.
        earlier = self.published if keep_old else ()
        with self._lock:
            self._published = (*earlier, key)


def _octets(segment: Segment) -> bytes:
    if isinstance(segment, bytes):
        return segment
    if isinstance(segment, str):
        return segment.encode("utf-8", "surrogatepass")
    text = json.dumps(segment, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def encode_jws(
    header: Segment,
    payload: Segment,
    sign: Callable[[bytes], bytes],
) -> str:
    """A JWS in Compact Serialization (RFC 7515 3.1), right or wrong.

    Args:
        header: the JOSE header, as an object or as its exact text.
        payload: the Claims Set, as an object or as its exact text.
        sign: makes the signature from the signing input.
    """
    signing_input = f"{base64url(_octets(header))}.{base64url(_octets(payload))}"
    return f"{signing_input}.{base64url(sign(signing_input.encode('ascii')))}"
