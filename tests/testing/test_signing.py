# SPDX-License-Identifier: Apache-2.0
"""Signatures of every algorithm, checked by another implementation."""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from github_oidc.errors import ConfigurationError
from github_oidc.testing import ALGORITHMS, FakeIssuer, SigningKey
from github_oidc.testing.signing import base64url, encode_jws

# Octets of a signature (RFC 7518 3.3 to 3.5 with 2048-bit keys, RFC 8037 3.1).
SIZES = {"RS": 256, "PS": 256, "ES256": 64, "ES384": 96, "ES512": 132, "Ed": 64}


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    return {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}


def octets(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def test_the_algorithms_are_the_cores() -> None:
    assert set(ALGORITHMS) == {
        *(
            f"{family}{size}"
            for family in ("RS", "PS", "ES")
            for size in (256, 384, 512)
        ),
        "EdDSA",
        "Ed25519",
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_implementation_verifies(
    keys: dict[str, SigningKey], algorithm: str
) -> None:
    token = FakeIssuer(signing_key=keys[algorithm]).mint("my-api")
    # PyJWT knows Ed25519's signatures under the older name only (RFC 9864).
    known = "EdDSA" if algorithm == "Ed25519" else algorithm
    key = jwt.PyJWK(keys[algorithm].jwk(), algorithm=known)
    signing_input, _, signature = token.rpartition(".")
    verifier = jwt.get_algorithm_by_name(known)
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert verifier.verify(signing_input.encode(), key.key, octets(signature))
    assert not verifier.verify(
        signing_input.encode() + b"A", key.key, octets(signature)
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signature_size(keys: dict[str, SigningKey], algorithm: str) -> None:
    size = SIZES.get(algorithm) or SIZES[algorithm[:2]]
    for _ in range(4):
        assert len(keys[algorithm].sign(b"signing input")) == size


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jwk_is_public_and_says_what_it_is_for(
    keys: dict[str, SigningKey], algorithm: str
) -> None:
    jwk = keys[algorithm].jwk()
    assert (jwk["use"], jwk["alg"], jwk["kid"]) == (
        "sig",
        algorithm,
        keys[algorithm].kid,
    )
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(jwk)


@pytest.mark.parametrize(("algorithm", "size"), [("ES256", 32), ("ES512", 66)])
def test_coordinates_have_the_size_of_the_curve(algorithm: str, size: int) -> None:
    # RFC 7518 6.2.1.2: with leading zero octets, which one key in 256 has.
    for _ in range(40):
        jwk = SigningKey.generate(algorithm).jwk()
        assert (len(octets(jwk["x"])), len(octets(jwk["y"]))) == (size, size)


def test_an_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    for make in (SigningKey.generate, lambda name: FakeIssuer(algorithm=name)):
        with pytest.raises(ConfigurationError, match="RS256, RS384"):
            make("HS256")


def test_a_private_key_is_in_no_repr(keys: dict[str, SigningKey]) -> None:
    assert repr(keys["RS256"]) == (
        f"SigningKey(algorithm='RS256', kid='{keys['RS256'].kid}')"
    )


@pytest.mark.parametrize(
    "segment", ['{"a":1,"a":2}', b'{"a":1,"a":2}', b"\xff\xfe", "\ud800", b""]
)
def test_exact_text_is_kept(segment: str | bytes) -> None:
    token = encode_jws(segment, segment, lambda _: b"")
    expected = (
        segment
        if isinstance(segment, bytes)
        else segment.encode("utf-8", "surrogatepass")
    )
    header, payload, signature = token.split(".")
    assert octets(header) == octets(payload) == expected
    assert signature == ""


def test_an_object_is_serialized_in_its_order() -> None:
    token = encode_jws({"b": 1, "a": "ü"}, {}, lambda octets: octets[:1])
    header, payload, signature = token.split(".")
    assert octets(header).decode() == '{"b":1,"a":"ü"}'
    assert json.loads(octets(payload)) == {}
    assert octets(signature) == header[:1].encode()


def test_base64url_has_no_padding() -> None:
    assert base64url(b"\xfb\xff") == "-_8"
