# SPDX-License-Identifier: Apache-2.0
"""Verification as a pure function: no I/O, and the clock is an argument."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Final, cast

from . import _core
from ._core import AudienceUncheckedClaims, VerifiedClaims
from .errors import ConfigurationError, error_for

__all__ = [
    "AUDIENCE_FROM_POLICY",
    "AudienceUncheckedClaims",
    "JWKSet",
    "VerifiedClaims",
    "Verifier",
    "verify_jws",
]

Mapping.register(VerifiedClaims)
Mapping.register(AudienceUncheckedClaims)


class _AudienceFromPolicy:
    """The type of AUDIENCE_FROM_POLICY."""

    def __repr__(self) -> str:
        return "AUDIENCE_FROM_POLICY"


AUDIENCE_FROM_POLICY: Final = _AudienceFromPolicy()
"""Leaves ``aud`` to a policy that tests it; a Verifier then gives
AudienceUncheckedClaims, which nothing but such a policy accepts."""


def _text(value: object, name: str) -> str:
    # The value is not part of the sentence: it may be a token.
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


def _texts(value: str | Iterable[str], name: str) -> tuple[str, ...]:
    """One text or several, as the tuple of several."""
    try:
        texts = (value,) if isinstance(value, str) else tuple(value)
    except TypeError:
        texts = ()
    if not texts or not all(map(_is_filled_text, texts)):
        raise ConfigurationError(f"{name} must be a text that is not empty, or several")
    return texts


def _is_filled_text(value: object) -> bool:
    # A lone surrogate equals nothing that UTF-8 can carry.
    return (
        isinstance(value, str)
        and value != ""
        and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))
    )


def _flag(value: object, name: str) -> bool:
    # "false" from an environment variable would be true.
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False")
    return value


def _seconds(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds")
    try:
        return float(value)
    except OverflowError:
        raise ConfigurationError(f"{name} must be a finite number of seconds") from None


class JWKSet:
    """The usable keys of a JWK Set (RFC 7517 5). Immutable; threads may share it.

    Keys that cannot be used (symmetric, too weak, malformed, not for signatures) are
    left out, and the others work.
    """

    __slots__ = ("_core",)

    _core: _core.JWKSet

    def __init__(self) -> None:
        raise TypeError("use JWKSet.from_dict or JWKSet.from_json")

    @classmethod
    def from_json(cls, text: str | bytes, *, issuer: str | None = None) -> JWKSet:
        """Reads a key set.

        Args:
            text: at most 256 KiB of strict JSON, with at most 100 keys.
            issuer: binds the set to one issuer: a token of another one is refused,
                also by a verifier that accepts that other issuer.

        Raises:
            KeySetError: ``malformed_key_set``, ``key_set_too_large`` or
                ``empty_key_set`` (RFC 7517 5).
            ConfigurationError: ``issuer`` is empty: that would bind the set to none.
        """
        if issuer is not None and not _is_filled_text(issuer):
            raise ConfigurationError("issuer must be a text that is not empty")
        if isinstance(text, bytes):
            # A decoding error would hold the text, with what may be in it by mistake:
            # a private key. The core refuses lone surrogates as it does such bytes.
            text = text.decode("utf-8", "surrogateescape")
        parsed = _core.JWKSet.parse(_text(text, "text"), issuer or "")
        if isinstance(parsed, _core.Refusal):
            raise error_for(parsed.code)
        made = object.__new__(cls)
        object.__setattr__(made, "_core", parsed)
        return made

    @classmethod
    def from_dict(
        cls, jwks: Mapping[str, object], *, issuer: str | None = None
    ) -> JWKSet:
        """The same for a key set that is already a mapping."""
        try:
            text = json.dumps(dict(jwks), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise error_for("malformed_key_set") from None
        return cls.from_json(text, issuer=issuer)

    @property
    def issuer(self) -> str | None:
        """The issuer that the set is bound to, if it is."""
        return self._core.issuer or None

    @property
    def kids(self) -> tuple[str, ...]:
        """The ``kid`` of each usable key; empty text for a key without one."""
        return self._core.kids

    def __len__(self) -> int:
        return len(self._core)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a JWKSet is immutable")

    def __repr__(self) -> str:
        return f"<JWKSet keys={len(self)} issuer={self.issuer!r}>"


class Verifier:
    """Verifies ID Tokens under fixed rules (OpenID Connect Core 3.1.3.7).

    Size, shape, base64url, JOSE header, key, signature, then claims: nothing is
    believed before the signature holds. There is no switch that turns a check off.
    A verifier is immutable, and threads may share it.

    Args:
        issuer: the issuer identifier, or several; compared exactly.
        audience: who the tokens must be meant for, or several; compared exactly.
        algorithms: the signature algorithms that are accepted (RFC 8725 3.1).
        leeway: seconds of clock skew that are forgiven in ``exp``, ``nbf``, ``iat``
            and ``max_age``.
        max_age: seconds after ``iat`` for which a token is accepted; None: ``exp``
            alone decides.
        accept_expired: let ``max_age`` (at most 6 hours) stand in for ``exp``, for
            jobs that outlive their token; ``leeway`` is then at most 10 minutes. Not
            for sessions or token exchange.
        allow_other_audiences: accept a token that names further audiences.
        types: accepted ``typ`` values (RFC 8725 3.11), compared without case; a token
            without ``typ`` counts as "JWT".

    Raises:
        ConfigurationError: a setting is missing, empty, unknown or contradictory.
    """

    __slots__ = ("_algorithms", "_audiences", "_core", "_issuers")

    def __init__(
        self,
        *,
        issuer: str | Iterable[str],
        audience: str | Iterable[str] | _AudienceFromPolicy,
        algorithms: Iterable[str] = ("RS256",),
        leeway: float = 30,
        max_age: float | None = None,
        accept_expired: bool = False,
        allow_other_audiences: bool = False,
        types: Iterable[str] = ("JWT",),
    ) -> None:
        self._issuers = _texts(issuer, "issuer")
        self._audiences = (
            None
            if isinstance(audience, _AudienceFromPolicy)
            else _texts(audience, "audience")
        )
        self._algorithms = _texts(algorithms, "algorithms")
        try:
            self._core = _core.Verifier(
                issuers=list(self._issuers),
                audiences=None if self._audiences is None else list(self._audiences),
                algorithms=list(self._algorithms),
                types=list(_texts(types, "types")),
                leeway_s=_seconds(leeway, "leeway"),
                max_age_s=None if max_age is None else _seconds(max_age, "max_age"),
                accept_expired=_flag(accept_expired, "accept_expired"),
                allow_other_audiences=_flag(
                    allow_other_audiences, "allow_other_audiences"
                ),
            )
        except ConfigurationError:
            raise
        except ValueError as refused:
            raise ConfigurationError(str(refused)) from None

    @property
    def issuers(self) -> tuple[str, ...]:
        """The accepted issuers."""
        return self._issuers

    @property
    def audiences(self) -> tuple[str, ...] | None:
        """The accepted audiences; None where a policy tests them."""
        return self._audiences

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The accepted signature algorithms."""
        return self._algorithms

    def verify(
        self, token: str, *, keys: JWKSet, now: float | None = None
    ) -> VerifiedClaims:
        """Verifies one token, without I/O.

        Args:
            token: a JWS in Compact Serialization, at most 16 KiB.
            keys: the issuer's keys.
            now: seconds since 1970; None: the system's clock.

        Returns:
            The Claims Set, a read-only mapping. With AUDIENCE_FROM_POLICY it is an
            AudienceUncheckedClaims.

        Raises:
            TokenError: the token is refused; ``code`` says why, ``claim`` where.
            UnavailableError: OpenSSL could not carry out the check.
            ConfigurationError: ``now`` is not finite.
        """
        if not isinstance(token, str):
            raise TypeError(f"token must be a str, not {type(token).__name__}")
        if not isinstance(keys, JWKSet):
            raise TypeError(f"keys must be a JWKSet, not {type(keys).__name__}")
        moment = time.time() if now is None else _seconds(now, "now")
        try:
            verdict = self._core.verify(token, keys._core, moment)
        except ValueError as refused:
            raise ConfigurationError(str(refused)) from None
        if type(verdict) is _core.Refusal:
            raise error_for(verdict.code, verdict.claim, None, verdict.off_by_s)
        return cast(VerifiedClaims, verdict)

    def __repr__(self) -> str:
        audience = "from policy" if self._audiences is None else self._audiences
        return f"<Verifier issuer={self._issuers} audience={audience}>"


def verify_jws(
    token: str,
    *,
    keys: JWKSet,
    algorithms: Iterable[str] = ("RS256",),
    types: Iterable[str] = ("JWT",),
) -> bytes:
    """Verifies a JWS alone (RFC 7515 5.2) and returns its payload.

    The payload is authentic and nothing more: no claim in it has been checked. For
    ID Tokens use a Verifier.

    Raises:
        TokenError: the JWS is refused.
        ConfigurationError: ``algorithms`` or ``types`` is empty or unknown.
    """
    if not isinstance(keys, JWKSet):
        raise TypeError(f"keys must be a JWKSet, not {type(keys).__name__}")
    try:
        verdict = _core.verify_jws(
            _text(token, "token"),
            keys._core,
            list(_texts(algorithms, "algorithms")),
            list(_texts(types, "types")),
        )
    except ConfigurationError:
        raise
    except ValueError as refused:
        raise ConfigurationError(str(refused)) from None
    if isinstance(verdict, _core.Refusal):
        raise error_for(verdict.code, verdict.claim)
    return verdict
