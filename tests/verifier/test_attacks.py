# SPDX-License-Identifier: Apache-2.0
"""One defect, one code: what Python can hand over and the core must refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from github_oidc import JWKSet
from github_oidc.testing import ALGORITHMS, SigningKey
from github_oidc.testing.signing import base64url
from github_oidc.verifier import verify_jws

from .forge import ABSENT, AUDIENCE, ISSUER, NOW, Forge


def test_the_unchanged_token_is_accepted(forge: Forge) -> None:
    assert dict(forge.verify(forge.token())) == forge.claims()


class TestNoText:
    @pytest.mark.parametrize("value", [None, 5, 1.5, True, [], {}, object()])
    @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, None])
    def test_is_a_mistake_of_the_caller(
        self, forge: Forge, value: object, wrap: Callable[[Any], Any] | None
    ) -> None:
        token = forge.token()
        given: Any = value if wrap is None else wrap(token.encode())
        for call in (
            lambda: forge.verify(given),
            lambda: verify_jws(given, keys=forge.keys),
        ):
            with pytest.raises(TypeError) as caught:
                call()
            assert (
                str(caught.value) == f"token must be a str, not {type(given).__name__}"
            )

    def test_a_class_that_only_claims_to_be_str(self, forge: Forge) -> None:
        class Liar:
            __class__ = str  # type: ignore[assignment]

            def __str__(self) -> str:
                return forge.token()

        given: Any = Liar()
        assert isinstance(given, str)
        with pytest.raises(TypeError, match=r"^token must be a str$"):
            forge.verify(given)

    def test_a_subclass_of_str_is_read_by_its_characters(self, forge: Forge) -> None:
        class Shown(str):
            __slots__ = ()

            def __str__(self) -> str:
                return "other"

            def encode(self, *_: object) -> bytes:
                return b"other"

            def __len__(self) -> int:
                return 0

        assert forge.verify(Shown(forge.token()))["iss"] == ISSUER
        assert forge.reason(Shown("a.b")) == ("malformed_jws", None)

    @pytest.mark.parametrize("keys", [None, {}, {"keys": []}, "{}", 5])
    def test_keys_are_a_key_set(self, forge: Forge, keys: Any) -> None:
        token = forge.token()
        with pytest.raises(TypeError, match=r"^keys must be a JWKSet, not ") as caught:
            verify_jws(token, keys=keys)
        assert token not in str(caught.value)


HEAVY = 1 << 22
ODD = ["\ud800", "\udc80", "\U0001f600", "\u00e9", "\x00", "\x80", "\uff0e", " ", "="]

TEXTS = {
    "empty": ("", "malformed_jws"),
    "word": ("token", "malformed_jws"),
    "two segments": ("a.b", "malformed_jws"),
    "four segments": ("a.b.c.d", "malformed_jws"),
    "five segments, as a JWE": ("a.b.c.d.e", "malformed_jws"),
    "only dots": ("..", "malformed_jws"),
    "millions of dots": ("." * HEAVY, "token_too_large"),
    "millions of letters": ("A" * HEAVY, "token_too_large"),
    "millions of other letters": ("\u00e9" * HEAVY, "token_too_large"),
    "millions of lone surrogates": ("\ud800" * HEAVY, "token_too_large"),
    "one more than the limit": ("A" * (16 * 1024 + 1), "token_too_large"),
    "as many as the limit": ("A" * (16 * 1024), "malformed_jws"),
    "JSON serialization": ('{"payload":"","signatures":[]}', "malformed_jws"),
    "scheme": ("Bearer a.b.c", "malformed_base64url"),
}


@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS)
def test_texts_that_are_no_token(forge: Forge, text: str, code: str) -> None:
    assert forge.refusal(text).code == code
    with pytest.raises(Exception, match=code):
        verify_jws(text, keys=forge.keys)


class TestStructure:
    @pytest.mark.parametrize("segment", [0, 1, 2])
    @pytest.mark.parametrize("extra", [*ODD, *"\n\t+/%", "\ufeff"])
    def test_nothing_is_stripped_or_skipped(
        self, forge: Forge, segment: int, extra: str
    ) -> None:
        parts = forge.token().split(".")
        good = parts[segment]
        name = ("header", "payload", "signature")[segment]
        for text in (good + extra, extra + good, good[:4] + extra + good[4:]):
            parts[segment] = text
            assert forge.reason(".".join(parts)) == ("malformed_base64url", name)

    @pytest.mark.parametrize("segment", [0, 1, 2])
    def test_empty_segments(self, forge: Forge, segment: int) -> None:
        parts = forge.token().split(".")
        parts[segment] = ""
        assert forge.reason(".".join(parts)) == ("malformed_jws", None)

    def test_unused_bits_are_zero(self, forge: Forge) -> None:
        token = forge.token()  # 256 octets leave four unused bits
        following = {"A": "B", "Q": "R", "g": "h", "w": "x"}[token[-1]]
        assert forge.reason(token[:-1] + following) == (
            "malformed_base64url",
            "signature",
        )

    @pytest.mark.parametrize("size", [8_192, 11_000])
    def test_large_tokens_pass(self, forge: Forge, size: int) -> None:
        assert len(str(forge.verify(forge.token(text="x" * size))["text"])) == size


JSON_DEFECTS = {
    "no JSON": ("{", "malformed_json"),
    "trailing comma": ('{"a":1,}', "malformed_json"),
    "comment": ('{"a":1}//', "malformed_json"),
    "single quotes": ("{'a':1}", "malformed_json"),
    "NaN": ('{"a":NaN}', "malformed_json"),
    "Infinity": ('{"a":-Infinity}', "malformed_json"),
    "hexadecimal": ('{"a":0x1}', "malformed_json"),
    "leading zero": ('{"a":01}', "malformed_json"),
    "control character": ('{"a":"\n"}', "malformed_json"),
    "bad escape": (r'{"a":"\x41"}', "malformed_json"),
    "two objects": ("{}{}", "malformed_json"),
    "text after a NUL": ('{"a":1}\0{}', "malformed_json"),
    "escaped lone surrogate": (r'{"a":"\ud800"}', "malformed_json"),
    "BOM": (b"\xef\xbb\xbf{}", "malformed_json"),
    "invalid UTF-8": (b'{"a":"\xff"}', "invalid_utf8"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "invalid_utf8"),
    "surrogate as UTF-8": (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"),
    "truncated UTF-8": (b'{"a":"\xe2\x82"}', "invalid_utf8"),
    "duplicate name": ('{"a":1,"a":1}', "duplicate_member"),
    "duplicate name with escapes": (r'{"a":1,"\u0061":1}', "duplicate_member"),
    "duplicate name inside": ('{"a":{"b":1,"b":2}}', "duplicate_member"),
    "deep nesting": ('{"a":' * 17 + "1" + "}" * 17, "nested_too_deep"),
    "very deep nesting": ('{"a":' + "[" * 5_000, "nested_too_deep"),
    "integer beyond int64": ('{"a":9223372036854775808}', "number_out_of_range"),
    "thousands of digits": ('{"a":' + "9" * 5_000 + "}", "number_out_of_range"),
    "overflow": ('{"a":1e400}', "number_out_of_range"),
    "underflow": ('{"a":1e-400}', "number_out_of_range"),
    "array": ("[]", "not_an_object"),
    "string": ('"{}"', "not_an_object"),
    "number": ("1", "not_an_object"),
    "null": ("null", "not_an_object"),
    "UTF-16": ("{}".encode("utf-16-le"), "malformed_json"),
}


@pytest.mark.parametrize(("text", "code"), JSON_DEFECTS.values(), ids=JSON_DEFECTS)
def test_json_is_strict(forge: Forge, text: str | bytes, code: str) -> None:
    assert forge.reason(forge.token(text)) == (code, "header")
    assert forge.reason(forge.token(None, text)) == (code, "payload")


HEADERS = {
    "alg absent": ({"alg": ABSENT}, ("malformed_header", "alg")),
    "alg null": ({"alg": None}, ("malformed_header", "alg")),
    "alg a list": ({"alg": ["RS256"]}, ("malformed_header", "alg")),
    **{
        f"alg {alg!r}": ({"alg": alg}, ("algorithm_not_allowed", "alg"))
        for alg in ("none", "None", "NONE", "", "rs256", "RS256 ", "RS256\0", "HS256")
    },
    "alg not on the list": (
        {"alg": "PS256"},
        ("algorithm_not_allowed", "alg"),
    ),
    "crit empty": ({"crit": []}, ("critical_header", "crit")),
    "crit unknown": ({"crit": ["exp"], "exp": 1}, ("critical_header", "crit")),
    "crit null": ({"crit": None}, ("critical_header", "crit")),
    "crit b64": ({"crit": ["b64"], "b64": False}, ("critical_header", "crit")),
    "b64 false": ({"b64": False}, ("unencoded_payload", "b64")),
    "zip": ({"zip": "DEF"}, ("compressed_payload", "zip")),
    "cty JWT": ({"cty": "JWT"}, ("nested_token", "cty")),
    "cty number": ({"cty": 5}, ("malformed_header", "cty")),
    "typ of an access token": ({"typ": "at+jwt"}, ("unexpected_type", "typ")),
    "typ with a NUL": ({"typ": "JWT\0"}, ("unexpected_type", "typ")),
    "typ number": ({"typ": 5}, ("malformed_header", "typ")),
    "kid number": ({"kid": 5}, ("malformed_header", "kid")),
    **{
        f"kid {kid[:20]!r}": ({"kid": kid}, ("unknown_key", "kid"))
        for kid in ("", "../key", "' OR 1=1", "KID-RS256", "kid-RS256\0", "x" * 4000)
    },
}


@pytest.mark.parametrize(("changes", "reason"), HEADERS.values(), ids=HEADERS)
def test_header(forge: Forge, changes: dict[str, object], reason: object) -> None:
    token = forge.token(forge.header(**changes))
    assert forge.reason(token) == reason
    with pytest.raises(Exception, match=forge.refusal(token).code):
        verify_jws(token, keys=forge.keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": ABSENT},
        {"typ": "jwt"},
        {"kid": ABSENT},
        {"b64": True},
        {"jku": "https://evil.example", "jwk": {"kty": "oct"}, "x5u": 5, "x5c": None},
        {"unknown": {"a": [1]}, "": 5},
    ],
)
def test_headers_that_pass(forge: Forge, changes: dict[str, object]) -> None:
    assert forge.verify(forge.token(forge.header(**changes)))["iss"] == ISSUER


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_hmac_with_the_public_key(forge: Forge, algorithm: str) -> None:
    from cryptography.hazmat.primitives import serialization as form

    public = forge.key.private_key.public_key()
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm]
    secrets = [
        b"",
        b"secret",
        json.dumps(forge.key.jwk()).encode(),
        base64.urlsafe_b64decode(forge.key.jwk()["n"] + "=="),
        public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(form.Encoding.DER, form.PublicFormat.PKCS1),
    ]
    for secret in secrets:
        unsigned = forge.token(forge.header(alg=algorithm)).rpartition(".")[0]
        tag = hmac.new(secret, unsigned.encode(), getattr(hashlib, digest)).digest()
        assert forge.reason(f"{unsigned}.{base64url(tag)}") == (
            "algorithm_not_allowed",
            "alg",
        )


class TestSignature:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_every_algorithm(
        self, signing_keys: dict[str, SigningKey], algorithm: str
    ) -> None:
        forge = Forge(signing_keys[algorithm])
        token = forge.token()
        assert dict(forge.verify(token)) == forge.claims()
        assert json.loads(
            verify_jws(token, keys=forge.keys, algorithms=[algorithm])
        ) == (forge.claims())
        start, _, text = token.rpartition(".")
        octets = base64.urlsafe_b64decode(text + "==")
        for bit in (0, len(octets) * 4 + 3, len(octets) * 8 - 2):
            flipped = bytearray(octets)
            flipped[bit // 8] ^= 1 << bit % 8
            forged = f"{start}.{base64url(bytes(flipped))}"
            assert forge.reason(forged) == ("invalid_signature", None)
        for other in (octets[:-1], octets + b"\0", b"\0" + octets, octets * 2, b"x"):
            forged = f"{start}.{base64url(other)}"
            assert forge.reason(forged) == ("malformed_signature", None)
        zeros = f"{start}.{base64url(bytes(len(octets)))}"
        assert forge.reason(zeros) == ("invalid_signature", None)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_an_algorithm_is_accepted_only_where_it_is_listed(
        self, signing_keys: dict[str, SigningKey], algorithm: str
    ) -> None:
        forge = Forge(signing_keys[algorithm])
        rest = [name for name in ALGORITHMS if name != algorithm]
        assert forge.reason(forge.token(), algorithms=rest) == (
            "algorithm_not_allowed",
            "alg",
        )

    @pytest.mark.parametrize(
        ("signed", "named"),
        [
            ("RS256", "PS256"),
            ("PS256", "RS256"),
            ("RS256", "RS512"),
            ("RS384", "RS256"),
        ],
    )
    def test_named_and_used_algorithm_differ(
        self, signing_keys: dict[str, SigningKey], signed: str, named: str
    ) -> None:
        forge = Forge(signing_keys[signed])
        jwk = {name: v for name, v in forge.key.jwk().items() if name != "alg"}
        token = forge.token(forge.header(alg=named))
        reason = forge.reason(
            token, algorithms=[named], keys=JWKSet.from_dict({"keys": [jwk]})
        )
        assert reason == ("invalid_signature", None)

    def test_segments_of_two_good_tokens(self, forge: Forge) -> None:
        one = forge.token(text="one").split(".")
        two = forge.token(forge.header(other=1), forge.claims(text="two")).split(".")
        for i in range(3):
            mixed = [*one]
            mixed[i] = two[i]
            assert forge.reason(".".join(mixed)) == ("invalid_signature", None)

    def test_another_key_of_the_same_name(self, forge: Forge) -> None:
        other = SigningKey.generate("RS256", kid=forge.key.kid)
        assert forge.reason(Forge(other).token()) == ("invalid_signature", None)


class TestKeySelection:
    def test_kid_of_another_key(
        self, forge: Forge, signing_keys: dict[str, SigningKey]
    ) -> None:
        other = signing_keys["ES256"]
        both = JWKSet.from_dict({"keys": [forge.key.jwk(), other.jwk()]})
        token = forge.token(forge.header(kid=other.kid))
        assert forge.reason(token, keys=both) == ("key_mismatch", "alg")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"use": "enc"}, "key_mismatch"),
            ({"alg": "RS512"}, "key_mismatch"),
            ({"key_ops": ["sign"]}, "key_mismatch"),
            ({"key_ops": "verify"}, "key_mismatch"),
            ({"n": ABSENT}, "unusable_key"),
            ({"n": ""}, "unusable_key"),
            ({"n": "AQAB"}, "unusable_key"),
            ({"e": 65537}, "unusable_key"),
            ({"e": "Aw"}, "unusable_key"),
            ({"kty": "oct", "k": "AAAA"}, "unusable_key"),
            ({"kty": "EC", "crv": "P-256"}, "unusable_key"),
            ({"d": "AQAB"}, "unusable_key"),
        ],
    )
    def test_the_named_key_does_not_serve(
        self,
        forge: Forge,
        signing_keys: dict[str, SigningKey],
        changes: dict[str, object],
        code: str,
    ) -> None:
        jwk = {**forge.key.jwk(), **changes}
        jwk = {name: value for name, value in jwk.items() if value is not ABSENT}
        keys = JWKSet.from_dict({"keys": [jwk, signing_keys["ES256"].jwk()]})
        assert forge.refusal(forge.token(), keys=keys).code == code

    def test_several_keys_of_one_name(self, forge: Forge) -> None:
        other = SigningKey("RS256", forge.key.kid, SigningKey.generate().private_key)
        keys = JWKSet.from_dict({"keys": [forge.key.jwk(), other.jwk()]})
        assert forge.reason(forge.token(), keys=keys) == ("ambiguous_key", "kid")

    def test_a_withdrawn_key_is_refused_at_once(self, forge: Forge) -> None:
        """Also where the verifier already knows the token."""
        from github_oidc import Verifier

        verifier = Verifier(issuer=ISSUER, audience=AUDIENCE)
        token = forge.token()
        other = SigningKey.generate("RS256", kid=forge.key.kid)
        verifier.verify(token, keys=forge.keys, now=NOW)
        replaced = JWKSet.from_dict({"keys": [other.jwk()]})
        with pytest.raises(Exception, match="invalid_signature"):
            verifier.verify(token, keys=replaced, now=NOW)
        renamed = JWKSet.from_dict({"keys": [{**forge.key.jwk(), "kid": "new"}]})
        with pytest.raises(Exception, match="unknown_key"):
            verifier.verify(token, keys=renamed, now=NOW)
        assert verifier.verify(token, keys=forge.keys, now=NOW)
