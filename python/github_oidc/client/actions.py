# SPDX-License-Identifier: Apache-2.0
"""Tokens of GitHub Actions for those who send their requests themselves."""

from __future__ import annotations

import os

import httpx

from ..errors import GithubOIDCError
from .environment import token_endpoint
from .request import check_audience, mint, mint_async
from .retry import Timing

__all__ = [
    "get_actions_header",
    "get_actions_header_async",
    "get_actions_token",
    "get_actions_token_async",
]


def get_actions_token(
    audience: str,
    *,
    timeout: float = 10.0,
    deadline: float = 60.0,
    transport: httpx.BaseTransport | None = None,
) -> str:
    """A new ID token of the GitHub Actions job that this process belongs to.

    GitHub's tokens last five minutes, so ask shortly before use; ``ActionsAuth`` keeps
    one fresh. On Actions the token is masked in the job's log.

    Args:
        audience: the service that the token is for, as that service expects it in
            the ``aud`` claim.
        timeout: seconds for one try. Answers of 429 or 5xx and faults of the
            connection are tried again, five times in all, at growing random intervals.
        deadline: seconds for all tries together.
        transport: what carries the request instead of the network.

    Raises:
        ActionsTokenError: no token could be had; ``code`` says why: ``not_on_actions``,
            ``id_token_permission_missing``, ``fork_pull_request``, ``dependabot_run``,
            ``token_request_refused``, ``token_request_failed``,
            ``malformed_token_response`` or ``insecure_url``. A ``RuntimeError``, too.
        ConfigurationError: an argument or a variable of the job cannot be meant.

    GitHub's "OpenID Connect reference" describes the endpoint.
    """
    check_audience(audience)
    timing = Timing(timeout_s=timeout, deadline_s=deadline)
    endpoint = token_endpoint(os.environ)
    if isinstance(endpoint, GithubOIDCError):
        raise endpoint
    return mint(endpoint, audience, timing=timing, transport=transport).value.reveal()


def get_actions_header(
    audience: str,
    *,
    timeout: float = 10.0,
    deadline: float = 60.0,
    transport: httpx.BaseTransport | None = None,
) -> dict[str, str]:
    """``{"Authorization": "Bearer ..."}`` with a new token, for any HTTP library.

    Send it to the one service that ``audience`` names, over https. Arguments and
    errors are those of ``get_actions_token``.
    """
    token = get_actions_token(
        audience, timeout=timeout, deadline=deadline, transport=transport
    )
    return {"Authorization": f"Bearer {token}"}


async def get_actions_token_async(
    audience: str,
    *,
    timeout: float = 10.0,
    deadline: float = 60.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> str:
    """As ``get_actions_token``, without blocking the event loop (asyncio or Trio)."""
    check_audience(audience)
    timing = Timing(timeout_s=timeout, deadline_s=deadline)
    endpoint = token_endpoint(os.environ)
    if isinstance(endpoint, GithubOIDCError):
        raise endpoint
    minted = await mint_async(endpoint, audience, timing=timing, transport=transport)
    return minted.value.reveal()


async def get_actions_header_async(
    audience: str,
    *,
    timeout: float = 10.0,
    deadline: float = 60.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> dict[str, str]:
    """As ``get_actions_header``, without blocking the event loop (asyncio or Trio)."""
    token = await get_actions_token_async(
        audience, timeout=timeout, deadline=deadline, transport=transport
    )
    return {"Authorization": f"Bearer {token}"}
