# SPDX-License-Identifier: Apache-2.0
"""The Bearer credential of a request (RFC 6750 2.1)."""

from collections.abc import Iterable, Sequence
from typing import Final

from ..errors import RequestError

__all__ = ["authorization_values", "bearer_token"]

_SCHEME: Final = b"bearer"


def authorization_values(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """The values of the Authorization headers of an ASGI scope."""
    return [value for name, value in headers if name == b"authorization"]


def bearer_token(presented: Sequence[bytes]) -> str:
    """The one Bearer token among the values of the Authorization headers.

    The token is not looked into: it is whatever stands after the scheme, as latin-1
    text, so that no byte can make decoding fail.

    Raises:
        RequestError: ``missing_token`` where there is no Authorization header or one of
            another scheme; ``invalid_request`` where there are two, or where the
            scheme is not followed by spaces and exactly one token.
    """
    if not presented:
        raise RequestError("missing_token")
    if len(presented) > 1:
        # Which of the two a proxy in front has looked at is unknown.
        raise RequestError("invalid_request")
    authorization = presented[0]
    scheme, _, rest = authorization.partition(b" ")
    if scheme.lower() != _SCHEME:
        words = authorization.split(maxsplit=1)
        if words and words[0].lower() == _SCHEME:
            raise RequestError("invalid_request")
        raise RequestError("missing_token")
    # Spaces may stand before the token (RFC 9110 11.4), and nothing else is stripped.
    # bytes.split() knows ASCII white space only: 0x85 and 0xA0 belong to the token.
    token = rest.lstrip(b" ")
    if token.split() != [token]:
        raise RequestError("invalid_request")
    return token.decode("latin-1")
