# SPDX-License-Identifier: Apache-2.0
"""A new RS256 token, checked by the bare OpenSSL call, by ours, and by the peers."""

from __future__ import annotations

import base64
import ctypes
import importlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from github_oidc.server import GithubOIDCClaims
from github_oidc.verifier import JWKSet, Verifier

from .tokens import AUDIENCE, Tokens

__all__ = ["BARE", "OURS", "cases"]

BARE = "OpenSSL, bare check, kept context"
OURS = "github-oidc Verifier.verify"

Case = Callable[[int], None]


def _uint(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def _public_key(jwk: dict[str, str]) -> RSAPublicKey:
    return RSAPublicNumbers(_uint(jwk["e"]), _uint(jwk["n"])).public_key()


def bare(library: str, tokens: Tokens, jwk: dict[str, str]) -> Case:
    """OpenSSL alone; the decoding is done beforehand."""
    openssl = ctypes.CDLL(library)
    der = _public_key(jwk).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if openssl.bare_prepare(der, ctypes.c_long(len(der))) != 1:
        raise SystemExit("the bare check could not be prepared")
    size = 250
    inputs = (ctypes.c_char_p * size)(*tokens.signing_inputs[:size])
    sizes = (ctypes.c_size_t * size)(*map(len, tokens.signing_inputs[:size]))
    signatures = (ctypes.c_char_p * size)(*tokens.signatures[:size])
    length = ctypes.c_size_t(len(tokens.signatures[0]))

    def run(operations: int) -> None:
        for _ in range(max(1, operations // size)):
            good = openssl.bare_check(inputs, sizes, signatures, length, size)
            if good != size:
                raise SystemExit("the bare check refused a good signature")

    return run


def _over(tokens: Tokens, verify: Callable[[str], object]) -> Case:
    endless = itertools.cycle(tokens.texts)

    def run(operations: int) -> None:
        for token in itertools.islice(endless, operations):
            verify(token)

    return run


def _ours(tokens: Tokens) -> Iterator[tuple[str, Case]]:
    issuer = tokens.issuer
    keys = JWKSet.from_dict(issuer.jwks(), issuer=issuer.issuer)

    def verifier() -> Verifier:
        return Verifier(issuer=issuer.issuer, audience=AUDIENCE)

    plain, as_dict, typed = verifier(), verifier(), verifier()
    validate = GithubOIDCClaims.__pydantic_validator__.validate_python
    yield OURS, _over(tokens, lambda token: plain.verify(token, keys=keys))
    yield (
        "github-oidc, and a dict of all claims",
        _over(tokens, lambda token: as_dict.verify(token, keys=keys).to_dict()),
    )
    yield (
        "github-oidc, and typed claims",
        _over(tokens, lambda token: validate(typed.verify(token, keys=keys).to_dict())),
    )


def _pyjwt_case(tokens: Tokens, jwk: dict[str, str]) -> tuple[str, Case]:
    jwt = importlib.import_module("jwt")
    key = jwt.PyJWK(jwk)
    wanted = {
        "algorithms": ["RS256"],
        "audience": AUDIENCE,
        "issuer": tokens.issuer.issuer,
    }
    name = f"PyJWT {jwt.__version__}"
    return name, _over(tokens, lambda token: jwt.decode(token, key, **wanted))


def _pyjwt(tokens: Tokens, jwk: dict[str, str]) -> Iterator[tuple[str, Case]]:
    """The newest, and 2.13, which is three times as fast, from a folder of its own."""
    yield _pyjwt_case(tokens, jwk)
    folder = os.environ.get("PYJWT_2_13")
    if folder is None:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "jwt"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    yield _pyjwt_case(tokens, jwk)
    sys.path.remove(folder)


def _joserfc(tokens: Tokens, jwk: dict[str, str]) -> Iterator[tuple[str, Case]]:
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    key = RSAKey.import_key(jwk)
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": tokens.issuer.issuer},
        aud={"essential": True, "value": AUDIENCE},
    )

    def verify(token: str) -> None:
        rules.validate(jwt.decode(token, key, algorithms=["RS256"]).claims)

    yield f"joserfc {version('joserfc')}", _over(tokens, verify)


def _authlib(tokens: Tokens, jwk: dict[str, str]) -> Iterator[tuple[str, Case]]:
    from authlib.jose import JsonWebKey, JsonWebToken

    key, jwt = JsonWebKey.import_key(jwk), JsonWebToken(["RS256"])
    wanted = {
        "iss": {"essential": True, "value": tokens.issuer.issuer},
        "aud": {"essential": True, "value": AUDIENCE},
    }

    def verify(token: str) -> None:
        jwt.decode(token, key, claims_options=wanted).validate()

    yield f"Authlib {version('authlib')}", _over(tokens, verify)


def _python_jose(tokens: Tokens, jwk: dict[str, str]) -> Iterator[tuple[str, Case]]:
    from jose import jwk as keys
    from jose import jwt

    key = keys.construct(jwk, algorithm="RS256")

    def verify(token: str) -> None:
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=tokens.issuer.issuer,
        )

    yield f"python-jose {version('python-jose')}", _over(tokens, verify)


def _jwcrypto(tokens: Tokens, jwk: dict[str, str]) -> Iterator[tuple[str, Case]]:
    from jwcrypto import jwk as keys
    from jwcrypto import jwt

    key = keys.JWK(**{name: jwk[name] for name in ("kty", "n", "e", "kid")})
    wanted = {"iss": tokens.issuer.issuer, "aud": AUDIENCE}

    def verify(token: str) -> None:
        json.loads(
            jwt.JWT(jwt=token, key=key, algs=["RS256"], check_claims=wanted).claims
        )

    yield f"jwcrypto {version('jwcrypto')}", _over(tokens, verify)


def cases(library: str, tokens: Tokens) -> dict[str, Case]:
    """Every case that is installed; a peer that is not is said and left out."""
    (jwk,) = tokens.issuer.jwks()["keys"]
    found = {BARE: bare(library, tokens, jwk), **dict(_ours(tokens))}
    for peer in (_pyjwt, _joserfc, _authlib, _python_jose, _jwcrypto):
        try:
            found |= dict(peer(tokens, jwk))
        except (ImportError, PackageNotFoundError) as missing:
            print(f"not measured: {peer.__name__[1:]} ({missing})", file=sys.stderr)
    return found
