# SPDX-License-Identifier: Apache-2.0
"""A token is in no exception, and in nothing that a request leaves behind."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Callable

import pytest
from fastapi import HTTPException
from fastapi.security import SecurityScopes
from starlette.requests import Request

from github_oidc.server import GithubOIDC
from github_oidc.testing import FakeIssuer


def _reachable(error: BaseException) -> list[object]:
    """What a reporter of exceptions could print: the chain, and frames of our own."""
    found: list[object] = []
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is None:
            continue
        chain += [link.__cause__, link.__context__]
        found += [link, str(link), repr(link), *link.args]
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if "github_oidc" in frame.f_code.co_filename:
                found += frame.f_locals.values()
    return found


@pytest.mark.parametrize(
    "forge",
    [
        lambda issuer: issuer.mint("another-api"),
        lambda issuer: issuer.mint("my-api", run_id="x"),
        lambda issuer: issuer.mint("my-api", sign_with=FakeIssuer()),
        lambda issuer: issuer.mint("my-api") + "\udc80",
    ],
    ids=["audience", "claim", "signature", "surrogate"],
)
def test_an_exception_leads_to_no_token(
    oidc: GithubOIDC, issuer: FakeIssuer, forge: Callable[[FakeIssuer], str]
) -> None:
    token = forge(issuer).encode("utf-8", "surrogateescape")
    scope = {"type": "http", "headers": [(b"authorization", b"Bearer " + token)]}
    request = Request(scope)
    with pytest.raises(HTTPException) as refused:
        asyncio.run(oidc(request, SecurityScopes()))
    error = refused.value
    assert error.__cause__ is None
    assert error.__context__ is None
    text = token.decode("latin-1")
    for value in _reachable(error):
        assert text not in (value if isinstance(value, str) else repr(value))
    # Nor does what the request's scope keeps.
    gc.collect()
    kept = scope["github_oidc.verdicts"][oidc]  # type: ignore[call-overload]
    assert text not in repr(kept)
    assert isinstance(kept.outcome, Exception)
    assert kept.outcome.__traceback__ is None
    assert all(text not in repr(value) for value in _reachable(kept.outcome))
