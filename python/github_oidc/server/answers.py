# SPDX-License-Identifier: Apache-2.0
"""What a refused caller is told, over HTTP and over WebSocket (RFC 6750 3)."""

from collections.abc import Sequence
from typing import Final

import starlette
from fastapi import HTTPException, WebSocketException
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocket, WebSocketState
from starlette.requests import HTTPConnection

from ..errors import GithubOIDCError, NotAllowedError, RequestError, TokenError

__all__ = ["answer_for", "refusal"]

_POLICY_VIOLATION: Final = 1008  # RFC 6455 7.4.1

# Starlette sends what an HTTPException's handler returns to a WebSocket client since
# 0.41; before, it drops the response and the server sees a handshake without an answer.
_HANDLER_ANSWERS_WEBSOCKET: Final = tuple(
    map(int, starlette.__version__.split(".")[:2])
) >= (0, 41)


def answer_for(
    error: GithubOIDCError,
    *,
    scopes: Sequence[str] = (),
    unauthenticated_status: int = 401,
    retry_after_s: float = 1,
) -> HTTPException:
    """The HTTP answer to a request that was refused for this reason.

    Args:
        error: why; only its ``code`` and ``message``, which are safe, are told.
        scopes: for a 403, the scopes that the operation needs.
        unauthenticated_status: the status where no Bearer credential was presented.
        retry_after_s: for a 503, seconds after which it is worth trying again.
    """
    status, headers = 503, {"Retry-After": str(max(1, round(retry_after_s)))}
    if error.code == "missing_token":
        # RFC 6750 3.1: no error code for a request that did not try to authenticate.
        status, headers = unauthenticated_status, {"WWW-Authenticate": "Bearer"}
    elif isinstance(error, RequestError):
        status, headers = 400, _challenge("invalid_request", error)
    elif isinstance(error, TokenError):
        status, headers = 401, _challenge("invalid_token", error)
    elif isinstance(error, NotAllowedError):
        status, headers = 403, _challenge("insufficient_scope", error, scopes)
    detail = {"code": error.code, "message": error.message}
    return HTTPException(status, detail, headers)


async def refusal(
    connection: HTTPConnection, answer: HTTPException
) -> HTTPException | WebSocketException:
    """What the dependency has to raise for the caller to get this answer.

    A WebSocket handshake gets it as a denial response where the server can send one,
    and is closed before it is accepted otherwise (which the client sees as a 403).
    """
    if not isinstance(connection, WebSocket):
        return answer
    extensions = connection.scope.get("extensions") or {}
    undecided = connection.application_state is WebSocketState.CONNECTING
    if not undecided or "websocket.http.response" not in extensions:
        reason: str = answer.detail["code"]  # type: ignore[index]
        return WebSocketException(_POLICY_VIOLATION, reason)
    if not _HANDLER_ANSWERS_WEBSOCKET:
        body = {"detail": answer.detail}
        await connection.send_denial_response(
            JSONResponse(body, answer.status_code, answer.headers)
        )
    return answer


def _challenge(
    error_code: str, error: GithubOIDCError, scopes: Sequence[str] = ()
) -> dict[str, str]:
    parameters = [("error", error_code), ("error_description", error.message)]
    if scopes:
        parameters.append(("scope", " ".join(scopes)))
    quoted = ", ".join(f"{name}={_quoted_string(value)}" for name, value in parameters)
    return {"WWW-Authenticate": f"Bearer {quoted}"}


def _quoted_string(text: str) -> str:
    """A quoted-string of printable ASCII (RFC 9110 5.6.4).

    Anything else becomes ``?``: a line break would begin a header of its own, and a
    character beyond latin-1 cannot be sent at all.
    """
    safe = "".join(c if " " <= c <= "~" else "?" for c in text)
    escaped = safe.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
