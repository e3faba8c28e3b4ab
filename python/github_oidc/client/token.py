# SPDX-License-Identifier: Apache-2.0
"""The token as its bearer sees it: an opaque secret with a lifetime."""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import dataclass
from typing import Final, TypeGuard

__all__ = [
    "MAX_TOKEN_CHARACTERS",
    "ActionsToken",
    "Secret",
    "is_compact_jws",
    "mask",
    "unverified_lifetime_s",
]

MAX_TOKEN_CHARACTERS: Final = 16 * 1024
"""The verifier's limit; GitHub's tokens have about 2,200 characters."""

_MAX_LIFETIME_S: Final = 3600.0
_MAX_NUMERIC_DATE: Final = 2**53
_COMPACT_JWS: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")


class Secret:
    """A string that no ``repr``, format or pickle shows.

    Frames of this package hold secrets in this wrapper only, because error reporters
    print the locals of every frame of a traceback.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True, eq=False)
class ActionsToken:
    """A minted token and how long it lasts.

    Attributes:
        value: the compact JWS.
        expires: when it expires, on the monotonic clock that timed the request.
    """

    value: Secret
    expires: float

    def header(self) -> str:
        """The value of an ``Authorization`` header (RFC 6750 2.1)."""
        return f"Bearer {self.value.reveal()}"


def is_compact_jws(value: str) -> bool:
    """Whether a string has the shape of a signed token (RFC 7515 7.1).

    The alphabet holds no white space and no control character, so what passes cannot
    end a header or a line of the log.
    """
    if len(value) > MAX_TOKEN_CHARACTERS:
        return False
    return _COMPACT_JWS.fullmatch(value) is not None


def unverified_lifetime_s(token: Secret) -> float:
    """``exp - iat`` of a token whose signature nobody has checked, in seconds.

    For scheduling only. The difference, counted from the moment of the request, needs
    no clock that agrees with the issuer's. 0 where it cannot be told: such a token is
    used once and never kept.
    """
    payload = token.reveal().split(".")[1]
    try:
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims = json.loads(text)
    except (ValueError, RecursionError):
        return 0.0
    if not isinstance(claims, dict):
        return 0.0
    exp, iat = claims.get("exp"), claims.get("iat")
    if not (_is_numeric_date(exp) and _is_numeric_date(iat)):
        return 0.0
    return max(0.0, min(float(exp) - float(iat), _MAX_LIFETIME_S))


def _is_numeric_date(value: object) -> TypeGuard[float]:
    """RFC 7519 2; NaN and numbers that do not fit a float compare as false."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -_MAX_NUMERIC_DATE <= value <= _MAX_NUMERIC_DATE


def mask(token: Secret) -> None:
    """Tell the runner to hide a token in this job's log.

    The command counts only at the start of a line. The leading newline makes it one
    even after an unfinished ``print(..., end="")``; without it the runner would show
    the command, and the token with it.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"\n::add-mask::{token.reveal()}\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        # A closed standard output shows nothing that would need hiding.
        return
