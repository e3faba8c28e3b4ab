# SPDX-License-Identifier: Apache-2.0
"""No error shows a secret: not in its text, its causes, nor its frames' locals."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from github_oidc.client import ActionsAuth, get_actions_token, get_actions_token_async
from github_oidc.client.retry import Timing
from github_oidc.errors import GithubOIDCError

if TYPE_CHECKING:
    from tests.client.conftest import Clock, Endpoint

pytestmark = pytest.mark.usefixtures("job")
API = "https://api.example.com"
MARK = "hush"  # part of the request token and of the URL's query

ENVIRONMENTS = {
    "insecure": {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://h.example/?hush"},
    "no URL": {"ACTIONS_ID_TOKEN_REQUEST_URL": "hush"},
    "no header": {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hush\n"},
    "no request token": {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""},
    "no permission": {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "GITHUB_ACTIONS": "true"},
}


def explode(request: httpx.Request) -> httpx.Response:
    message = f"{MARK} {request.headers['Authorization']}"
    raise httpx.ConnectError(message, request=request) from ValueError(MARK)


def malformed(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=f'{{"value": "{MARK}.{MARK}')


def misshapen(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"value": f"{MARK}.{MARK}"})


def refused(request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, text=MARK, headers={"X": MARK})


def redirected(request: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": f"https://h/?{MARK}"})


ANSWERS = [explode, malformed, misshapen, refused, redirected]
Ask = Callable[["Endpoint"], object]


def ask_function(endpoint: Endpoint) -> object:
    return get_actions_token("api", deadline=0.01, transport=endpoint)


def ask_function_async(endpoint: Endpoint) -> object:
    async def ask() -> str:
        return await get_actions_token_async("api", deadline=0.01, transport=endpoint)

    return anyio.run(ask)


def quick_auth(endpoint: Endpoint) -> ActionsAuth:
    auth = ActionsAuth("api", transport=endpoint)
    auth._timing = Timing(deadline_s=0.01)
    return auth


def ask_auth(endpoint: Endpoint) -> object:
    service = httpx.MockTransport(lambda _: httpx.Response(401))
    with httpx.Client(auth=quick_auth(endpoint), transport=service) as client:
        return client.get(API)


def ask_auth_async(endpoint: Endpoint) -> object:
    async def ask() -> httpx.Response:
        service = httpx.MockTransport(lambda _: httpx.Response(401))
        auth = quick_auth(endpoint)
        async with httpx.AsyncClient(auth=auth, transport=service) as client:
            return await client.get(API)

    return anyio.run(ask)


WAYS = [ask_function, ask_function_async, ask_auth, ask_auth_async]


def assert_silent(ask: Ask, endpoint: Endpoint) -> None:
    with pytest.raises(GithubOIDCError) as caught:
        ask(endpoint)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert MARK not in str(error)
    assert MARK not in repr(error)
    assert MARK.encode() not in pickle.dumps(error)
    assert error.__traceback__ is not None
    # The first frame is this one, whose local is called what is looked for.
    error = error.with_traceback(error.__traceback__.tb_next)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(shown.format())
    assert MARK not in text
    for segment in {part for token in endpoint.tokens for part in token.split(".")}:
        assert segment not in text


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("ask", WAYS)
def test_of_an_answer(
    answer: Callable[[httpx.Request], httpx.Response], ask: Ask, endpoint: Endpoint
) -> None:
    endpoint.script = [answer] * 5
    assert_silent(ask, endpoint)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("ask", [ask_auth, ask_auth_async])
def test_of_a_renewal(
    answer: Callable[[httpx.Request], httpx.Response], ask: Ask, endpoint: Endpoint
) -> None:
    endpoint.script = [lambda _: endpoint.grant(), *[answer] * 5]
    assert_silent(ask, endpoint)


@pytest.mark.parametrize("environ", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
@pytest.mark.parametrize("ask", WAYS)
def test_of_the_environment(
    environ: dict[str, str],
    ask: Ask,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert_silent(ask, endpoint)


def test_of_a_foreign_origin(endpoint: Endpoint) -> None:
    auth = quick_auth(endpoint)

    def elsewhere(_: Endpoint) -> object:
        service = httpx.MockTransport(lambda _: httpx.Response(200))
        with httpx.Client(auth=auth, transport=service) as client:
            client.get(API)
            return client.get("https://evil.example")

    assert_silent(elsewhere, endpoint)


def test_logs_hold_no_token(
    endpoint: Endpoint, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint.script = [lambda _: endpoint.grant(), 403]
    with pytest.raises(GithubOIDCError):
        ask_auth(endpoint)
    assert "hush-request-token" not in caplog.text
    assert endpoint.tokens[0] not in caplog.text
