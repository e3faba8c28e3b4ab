# SPDX-License-Identifier: Apache-2.0
"""The answers: one row per case, over HTTP and over both kinds of WebSocket server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket

from github_oidc import KeySource
from github_oidc.errors import (
    ClaimError,
    KeySetError,
    NotAllowedError,
    RequestError,
    UnavailableError,
)
from github_oidc.server import GithubOIDC
from github_oidc.server.answers import answer_for
from github_oidc.testing import FakeIssuer

POLICY_VIOLATION = 1008

# Authorization headers ({t} is a good token), status, code.
REQUESTS = {
    "no header": ([], 401, "missing_token"),
    "empty header": ([b""], 401, "missing_token"),
    "white space": ([b"  "], 401, "missing_token"),
    "another scheme": ([b"Basic dXNlcjpwYXNz"], 401, "missing_token"),
    "scheme glued on": ([b"Bearer:{t}"], 401, "missing_token"),
    "scheme that begins alike": ([b"Bearers {t}"], 401, "missing_token"),
    "bare token": ([b"{t}"], 401, "missing_token"),
    "no-break space": ([b"Bearer\xa0{t}"], 401, "missing_token"),
    "not ASCII": ([b"B\xe9arer {t}"], 401, "missing_token"),
    "two headers": ([b"Bearer {t}", b"Bearer {t}"], 400, "invalid_request"),
    "two schemes": ([b"Basic eA==", b"Bearer {t}"], 400, "invalid_request"),
    "second one empty": ([b"Bearer {t}", b""], 400, "invalid_request"),
    "no token": ([b"Bearer"], 400, "invalid_request"),
    "spaces for a token": ([b"Bearer   "], 400, "invalid_request"),
    "two tokens": ([b"Bearer {t} {t}"], 400, "invalid_request"),
    "joined headers": ([b"Bearer {t}, Bearer {t}"], 400, "invalid_request"),
    "tab before": ([b"Bearer\t{t}"], 400, "invalid_request"),
    "tab inside": ([b"Bearer {t}\t{t}"], 400, "invalid_request"),
    "space and tab": ([b"Bearer \t{t}"], 400, "invalid_request"),
    "space after": ([b"Bearer {t} "], 400, "invalid_request"),
    "line break after": ([b"Bearer {t}\n"], 400, "invalid_request"),
    "space first": ([b" Bearer {t}"], 400, "invalid_request"),
    "no JWS": ([b"Bearer abc"], 401, "malformed_jws"),
    "quoted": ([b'Bearer "{t}"'], 401, "malformed_base64url"),
    "token not ASCII": ([b"Bearer {t}\xff"], 401, "malformed_base64url"),
    "token with 0x85": ([b"Bearer {t}\x85"], 401, "malformed_base64url"),
    "NUL after": ([b"Bearer {t}\x00"], 401, "malformed_base64url"),
    "comma after": ([b"Bearer {t},"], 401, "malformed_base64url"),
    "too long": ([b"Bearer " + b"x" * 20_000], 401, "token_too_large"),
}
CHALLENGES = {
    400: 'Bearer error="invalid_request"',
    401: 'Bearer error="invalid_token"',
}


def check(answer: Any, status: int, code: str, challenge: str | None) -> None:
    if answer.close_code is not None:
        assert answer.close_code == POLICY_VIOLATION
        return
    assert (answer.status, answer.code) == (status, code)
    assert answer.header("content-type") == "application/json"
    header = answer.header("www-authenticate")
    if challenge is None:
        assert header is None
    elif challenge == "Bearer":
        assert header == "Bearer"
    else:
        description = f'error_description="{answer.json["detail"]["message"]}"'
        assert header == f"{challenge}, {description}"


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_without_one_good_token(
    ask: Any, issuer: FakeIssuer, case: str
) -> None:
    values, status, code = REQUESTS[case]
    token = issuer.mint("my-api").encode()
    challenge = "Bearer" if code == "missing_token" else CHALLENGES[status]
    for path in ("/async", "/sync", "/scoped"):
        answer = ask(path, *(value.replace(b"{t}", token) for value in values))
        check(answer, status, code, challenge)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR   "])
def test_a_good_token_is_let_in(ask: Any, issuer: FakeIssuer, scheme: str) -> None:
    token = issuer.mint("my-api", repository="acme/app")
    for path in ("/async", "/sync"):
        answer = ask(path, scheme + token)
        assert answer.status in (200, 101)
        assert answer.json == "acme/app"


def test_a_token_of_exactly_one_segment_too_few(ask: Any, issuer: FakeIssuer) -> None:
    token = issuer.mint("my-api").rpartition(".")[0]
    check(ask("/async", f"Bearer {token}"), 401, "malformed_jws", CHALLENGES[401])


# One defect each.
REFUSED: dict[str, Callable[[FakeIssuer], str]] = {
    "invalid_signature": lambda i: i.mint("my-api", sign_with=FakeIssuer()),
    "unknown_key": lambda i: i.mint("my-api", header={"kid": "another"}),
    "algorithm_not_allowed": lambda i: i.mint("my-api", header={"alg": "RS512"}),
    "audience_mismatch": lambda i: i.mint("another-api"),
    "issuer_mismatch": lambda i: i.mint("my-api", iss=f"{i.issuer}/acme"),
    "token_expired": lambda i: i.mint("my-api", lifetime=-31),
    "missing_claim": lambda i: i.mint("my-api", sub=None),
    "claims_mismatch": lambda i: i.mint("my-api", run_id="007"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_refused_token(ask: Any, issuer: FakeIssuer, code: str) -> None:
    token = REFUSED[code](issuer)
    for path in ("/async", "/sync", "/scoped"):
        answer = ask(path, f"Bearer {token}")
        check(answer, 401, code, CHALLENGES[401])
        assert token.encode() not in answer.body


def test_the_claim_that_does_not_fit_is_named_and_its_value_is_not(
    make_oidc: Any, issuer: FakeIssuer, ask_with: Any
) -> None:
    token = issuer.mint("my-api", ref_protected="value-of-the-claim")
    answer = ask_with(make_oidc())("/async", f"Bearer {token}")
    if answer.close_code is None:
        assert answer.json["detail"]["message"].endswith("(ref_protected)")
        assert b"value-of-the-claim" not in answer.body


def test_scopes_that_nothing_grants(ask: Any, issuer: FakeIssuer) -> None:
    answer = ask("/scoped", f"Bearer {issuer.mint('my-api')}")
    if answer.close_code is not None:
        assert answer.close_code == POLICY_VIOLATION
        return
    assert (answer.status, answer.code) == (403, "insufficient_scope")
    description = f'error_description="{answer.json["detail"]["message"]}"'
    assert answer.header("www-authenticate") == (
        f'Bearer error="insufficient_scope", {description}, scope="deploy read"'
    )


def test_keys_that_cannot_be_had(
    make_oidc: Any, issuer: FakeIssuer, ask_with: Any
) -> None:
    issuer.fail_next(10)
    oidc = make_oidc(transport=issuer.transport())
    answer = ask_with(oidc)("/async", f"Bearer {issuer.mint('my-api')}")
    check(answer, 503, "keys_unavailable", None)
    if answer.close_code is None:
        assert int(answer.header("retry-after") or 0) >= 1


def test_a_request_without_a_token_needs_no_keys(
    make_oidc: Any, issuer: FakeIssuer, ask_with: Any
) -> None:
    oidc = make_oidc(transport=issuer.transport())
    check(ask_with(oidc)("/async"), 401, "missing_token", "Bearer")
    assert not issuer.requests


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_status_for_those_who_present_nothing(
    make_oidc: Any, issuer: FakeIssuer, ask_with: Any
) -> None:
    ask = ask_with(make_oidc(unauthenticated_status=403))
    check(ask("/async"), 403, "missing_token", "Bearer")
    check(ask("/async", "Bearer"), 400, "invalid_request", CHALLENGES[400])
    check(ask("/async", "Bearer abc"), 401, "malformed_jws", CHALLENGES[401])


def test_none_only_where_no_bearer_credential_is_presented(
    make_oidc: Any, issuer: FakeIssuer, ask_with: Any
) -> None:
    ask = ask_with(make_oidc(auto_error=False))
    for path in ("/async", "/sync", "/scoped"):
        assert ask(path).json is None
        assert ask(path, "Basic eA==").json is None
    check(ask("/async", "Bearer"), 400, "invalid_request", CHALLENGES[400])
    check(ask("/async", "Basic a", "Basic b"), 400, "invalid_request", CHALLENGES[400])
    check(ask("/async", "Bearer abc"), 401, "malformed_jws", CHALLENGES[401])
    answer = ask("/scoped", f"Bearer {issuer.mint('my-api')}")
    assert answer.status == 403 or answer.close_code == POLICY_VIOLATION


def test_a_websocket_that_is_already_accepted_is_closed(
    oidc: GithubOIDC,
) -> None:
    """A denial response would come too late, and break the connection instead."""
    app = FastAPI()
    protected = Security(oidc)

    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()

    accepted = Depends(accept)

    @app.websocket("/ws")
    async def socket(
        websocket: WebSocket, _: None = accepted, claims: Any = protected
    ) -> None:
        raise AssertionError("let in")

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/ws",
        "headers": [],
        "query_string": b"",
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(app(scope, receive, send))
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.close"]
    assert (sent[1]["code"], sent[1]["reason"]) == (POLICY_VIOLATION, "missing_token")


ERRORS = [
    (RequestError("missing_token"), 401),
    (RequestError("invalid_request"), 400),
    (ClaimError("token_expired"), 401),
    (ClaimError("replayed_token"), 401),
    (NotAllowedError("insufficient_scope"), 403),
    (UnavailableError("keys_unavailable"), 503),
    (UnavailableError("crypto_unavailable"), 503),
    (KeySetError("malformed_key_set"), 503),
]


@pytest.mark.parametrize(
    ("error", "status"), ERRORS, ids=lambda v: getattr(v, "code", "")
)
def test_every_group_of_reasons_has_its_status(error: Any, status: int) -> None:
    answer = answer_for(error)
    assert answer.status_code == status
    assert (answer.headers or {}).keys() == (
        {"Retry-After"} if status == 503 else {"WWW-Authenticate"}
    )


def test_a_sentence_for_the_operator_is_not_told() -> None:
    error = UnavailableError("keys_unavailable", None, "of internal.example")
    assert "internal.example" not in repr(answer_for(error).detail)


@pytest.mark.parametrize(
    ("scope", "quoted"),
    [
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("a\r\nSet-Cookie: x", '"a??Set-Cookie: x"'),
        ("\u20ac", '"?"'),
        ("\x7f", '"?"'),
    ],
)
def test_a_challenge_stays_one_header_of_ascii(scope: str, quoted: str) -> None:
    answer = answer_for(NotAllowedError("insufficient_scope"), scopes=[scope])
    assert answer.headers is not None
    assert answer.headers["WWW-Authenticate"].endswith(f", scope={quoted}")


@pytest.mark.parametrize(("seconds", "header"), [(0, "1"), (0.2, "1"), (29.6, "30")])
def test_retry_after_is_a_whole_positive_number(seconds: float, header: str) -> None:
    answer = answer_for(UnavailableError("keys_unavailable"), retry_after_s=seconds)
    assert answer.headers == {"Retry-After": header}


def test_the_key_source_tells_when_to_come_again(
    make_oidc: Any, issuer: FakeIssuer, protect: Any, ask_app: Any
) -> None:
    issuer.fail_next(1)
    keys = KeySource(issuer.issuer, transport=issuer.transport())
    ask = ask_app(protect(make_oidc(keys=keys)))
    answer = ask("/async", f"Bearer {issuer.mint('my-api')}")
    assert answer.header("retry-after") == str(keys.retry_after_s)
