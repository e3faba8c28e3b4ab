# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as exceptions with a stable ``code``.

::

    GithubOIDCError
    ├── ConfigurationError        a setting is missing or contradicts another
    ├── RequestError              the HTTP request carries no usable credential
    ├── TokenError                the token is refused
    │   ├── MalformedTokenError   its shape, its JSON, its JOSE header
    │   ├── KeySelectionError     the key that it names
    │   ├── SignatureError        its signature
    │   └── ClaimError            a claim
    ├── NotAllowedError           verified, but not allowed
    ├── KeySetError               a JWK Set that is refused as a whole
    ├── UnavailableError          keys that cannot be had at the moment
    └── ActionsTokenError         a CI job that cannot get a token

Programs compare ``code``; people read ``str(error)``. Neither ever holds a token, a
key or a secret. The codes are the rows of ``_reasons.py``.
"""

from __future__ import annotations

from typing import Final

from ._reasons import REASONS

__all__ = [
    "ActionsTokenError",
    "ClaimError",
    "ConfigurationError",
    "GithubOIDCError",
    "KeySelectionError",
    "KeySetError",
    "MalformedTokenError",
    "NotAllowedError",
    "OpenDoorWarning",
    "RequestError",
    "SignatureError",
    "TokenError",
    "UnavailableError",
    "error_for",
]


class GithubOIDCError(Exception):
    """Base of every error that this package raises on purpose.

    Attributes:
        code: the reason, one of the rows of the errors page.
        claim: the claim, header parameter or segment at fault, where there is one.
        detail: a sentence for people that says more than the reason's own.
        off_by_s: seconds by which a time check was missed, where one was.
    """

    default_code: str | None = None

    def __init__(
        self,
        code: str | None = None,
        claim: str | None = None,
        detail: str | None = None,
        off_by_s: float | None = None,
    ) -> None:
        code = code or self.default_code
        if code is None or code not in REASONS:
            raise ValueError("not a reason of github_oidc")
        # All of it goes to the base class, so that the error survives pickling.
        super().__init__(code, claim, detail, off_by_s)
        self.code: Final = code
        self.claim: Final = claim
        self.detail: Final = detail
        self.off_by_s: Final = off_by_s

    @property
    def message(self) -> str:
        """One safe sentence: the reason's own, the claim, and the distance in time."""
        text = REASONS[self.code].message
        if self.claim is not None:
            text += f" ({self.claim})"
        if self.off_by_s is not None:
            text += f", off by {self.off_by_s:.0f} s"
        return text

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}"
        return f"{text}. {self.detail}" if self.detail else text


class ConfigurationError(GithubOIDCError, ValueError):
    """A setting is missing, contradicts another, or could mean "anyone"."""

    default_code = "invalid_configuration"

    def __init__(
        self,
        code: str | None = None,
        claim: str | None = None,
        detail: str | None = None,
        off_by_s: float | None = None,
    ) -> None:
        # ConfigurationError("sentence") is how every setting is refused.
        if code is not None and code not in REASONS:
            code, detail = self.default_code, code
        super().__init__(code, claim, detail, off_by_s)

    def __str__(self) -> str:
        return self.detail or super().__str__()


class RequestError(GithubOIDCError):
    """The HTTP request carries no credential, or not exactly one."""


class TokenError(GithubOIDCError):
    """The token is refused."""


class MalformedTokenError(TokenError):
    """The token's shape, JSON or JOSE header is refused."""


class KeySelectionError(TokenError):
    """No single usable key of the issuer belongs to the token."""


class SignatureError(TokenError):
    """The signature does not hold."""


class ClaimError(TokenError):
    """A claim of a token with a good signature is refused."""


class NotAllowedError(GithubOIDCError):
    """The token is good, and does not grant what is asked for."""


class KeySetError(GithubOIDCError):
    """The text is no JWK Set that can be used."""


class UnavailableError(GithubOIDCError):
    """Verification needs something that cannot be had at the moment."""


class ActionsTokenError(GithubOIDCError, RuntimeError):
    """A token could not be had from GitHub Actions."""


class OpenDoorWarning(UserWarning):
    """A setting lets in every token of an issuer that the whole world shares."""


_CLASS_OF_GROUP: Final[dict[str, type[GithubOIDCError]]] = {
    "request": RequestError,
    "token": MalformedTokenError,
    "key": KeySelectionError,
    "signature": SignatureError,
    "claim": ClaimError,
    "policy": NotAllowedError,
    "key_set": KeySetError,
    "unavailable": UnavailableError,
    "client": ActionsTokenError,
    "configuration": ConfigurationError,
}


def error_for(
    code: str,
    claim: str | None = None,
    detail: str | None = None,
    off_by_s: float | None = None,
) -> GithubOIDCError:
    """The exception for a reason: its group decides the class.

    Raises:
        KeyError: ``code`` is not a reason.
    """
    return _CLASS_OF_GROUP[REASONS[code].group](code, claim, detail, off_by_s)
