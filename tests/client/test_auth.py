# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import os
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from github_oidc.client import ActionsAuth
from github_oidc.client.retry import Timing
from github_oidc.errors import ActionsTokenError, ConfigurationError

if TYPE_CHECKING:
    from tests.client.conftest import Clock, Endpoint

pytestmark = pytest.mark.usefixtures("job")
API = "https://api.example.com"
NOW = 1_790_000_000


class Service(httpx.MockTransport):
    """Keeps what it was sent; answers 200, or what it was told to."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(self._answer)
        self.statuses = list(statuses)
        self.seen: list[tuple[str, str | None]] = []
        self.bodies: list[bytes] = []
        self.routes: dict[str, httpx.Response] = {}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.seen.append((url, request.headers.get("Authorization")))
        self.bodies.append(request.content)
        if url in self.routes:
            return self.routes[url]
        return httpx.Response(self.statuses.pop(0) if self.statuses else 200)

    @property
    def tokens(self) -> list[str | None]:
        return [authorization for _, authorization in self.seen]


@pytest.fixture
def auth(endpoint: Endpoint, timing: Timing) -> ActionsAuth:
    made = ActionsAuth("my-api", transport=endpoint)
    made._timing = timing
    return made


class Unread(Service):
    """Leaves the body in its stream, as the network does and MockTransport does not."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((str(request.url), request.headers.get("Authorization")))
        return httpx.Response(self.statuses.pop(0) if self.statuses else 200)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def bearer(endpoint: Endpoint, *numbers: int) -> list[str]:
    return [f"Bearer {endpoint.tokens[number]}" for number in numbers]


class Caller:
    """httpx.Client, or httpx.AsyncClient under either event loop."""

    def __init__(self, kind: str, auth: ActionsAuth) -> None:
        self.kind = kind
        self.auth = auth

    def __call__(
        self, service: Service, url: str, method: str = "GET", **given: object
    ) -> httpx.Response:
        options = {"auth": self.auth, "transport": service, "follow_redirects": True}
        if self.kind == "sync":
            with httpx.Client(**options) as client:  # type: ignore[arg-type]
                return client.request(method, url, **given)  # type: ignore[arg-type]

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(**options) as client:  # type: ignore[arg-type]
                return await client.request(method, url, **given)  # type: ignore[arg-type]

        return anyio.run(send, backend=self.kind)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def call(request: pytest.FixtureRequest, auth: ActionsAuth) -> Caller:
    return Caller(request.param, auth)


def test_one_token_serves_many_requests(call: Caller, endpoint: Endpoint) -> None:
    service = Service()
    for _ in range(3):
        call(service, API)
    assert service.tokens == bearer(endpoint, 0, 0, 0)
    assert endpoint.requests[0].url.params["audience"] == "my-api"
    assert len(endpoint.requests) == 1


def test_another_authorization_is_replaced(call: Caller, endpoint: Endpoint) -> None:
    service = Service()
    call(service, API, headers={"authorization": "Basic x"})
    assert service.tokens == bearer(endpoint, 0)


@pytest.mark.parametrize(("age_s", "minted"), [(240.0, 1), (240.1, 2), (1e9, 2)])
def test_renewed_when_under_60_s_are_left(
    age_s: float, minted: int, call: Caller, endpoint: Endpoint, clock: Clock
) -> None:
    service = Service()
    call(service, API)
    clock.now += age_s
    call(service, API)
    assert service.tokens == bearer(endpoint, 0, minted - 1)
    assert len(endpoint.requests) == minted


def test_the_lifetime_counts_from_the_request(
    call: Caller, endpoint: Endpoint, clock: Clock
) -> None:
    def slow(_: httpx.Request) -> httpx.Response:
        clock.now += 5
        return endpoint.grant()

    endpoint.script = [slow]
    service = Service()
    call(service, API)
    clock.now += 235.1
    call(service, API)
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("exp", [NOW + 59, NOW, NOW - 1, None, "soon"])
def test_a_token_of_no_use_later_is_not_kept(
    exp: object, call: Caller, endpoint: Endpoint
) -> None:
    endpoint.script = [lambda _: endpoint.grant(exp=exp)]
    service = Service()
    call(service, API)
    call(service, API)
    assert service.tokens == bearer(endpoint, 0, 1)


BODIES: dict[str, dict[str, object]] = {
    "none": {},
    "bytes": {"content": b"body"},
    "text": {"content": "body"},
    "json": {"json": {"a": 1}},
    "form": {"data": {"a": "1"}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_401_renews_once(
    body: dict[str, object], call: Caller, endpoint: Endpoint
) -> None:
    service = Service(401)
    assert call(service, API, "POST", **body).status_code == 200
    assert service.tokens == bearer(endpoint, 0, 1)
    assert service.bodies[0] == service.bodies[1]
    assert service.bodies[0] or not body


def test_a_second_401_is_the_answer(call: Caller, endpoint: Endpoint) -> None:
    service = Service(401, 401)
    assert call(service, API).status_code == 401
    assert service.tokens == bearer(endpoint, 0, 1)
    call(service, API)
    assert service.tokens == bearer(endpoint, 0, 1, 2)


@pytest.mark.parametrize("status", [200, 400, 403, 407, 500, 503])
def test_another_status_renews_nothing(
    status: int, call: Caller, endpoint: Endpoint
) -> None:
    service = Service(status)
    assert call(service, API).status_code == status
    call(service, API)
    assert service.tokens == bearer(endpoint, 0, 0)


def stream_of(kind: str, how: str) -> dict[str, object]:
    if how == "file":
        return {"content": io.BytesIO(b"body")}
    if how == "multipart":
        return {"files": {"f": io.BytesIO(b"body")}}

    async def chunks_async() -> AsyncIterator[bytes]:
        yield b"body"

    def chunks() -> Iterator[bytes]:
        yield b"body"

    return {"content": chunks() if kind == "sync" else chunks_async()}


@pytest.mark.parametrize("how", ["generator", "file", "multipart"])
def test_a_stream_is_not_sent_twice(how: str, call: Caller, endpoint: Endpoint) -> None:
    if how == "file" and call.kind != "sync":
        how = "generator"  # httpx takes no file there
    service = Unread(401)
    response = call(service, API, "POST", **stream_of(call.kind, how))
    assert response.status_code == 401
    assert service.tokens == bearer(endpoint, 0)
    call(service, API)
    assert service.tokens == bearer(endpoint, 0, 1)


def test_a_renewal_that_fails_says_why(call: Caller, endpoint: Endpoint) -> None:
    endpoint.script = [lambda _: endpoint.grant(), 403]
    with pytest.raises(ActionsTokenError) as refused:
        call(Service(401), API)
    assert refused.value.code == "token_request_refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "https://api.example.com:8443",
        "https://evil.example",
        "https://api.example.com.evil.example",
        "https://sub.api.example.com",
    ],
)
@pytest.mark.parametrize("bound", ["by setting", "by use"])
def test_a_foreign_origin_gets_nothing(
    url: str, bound: str, call: Caller, endpoint: Endpoint
) -> None:
    service = Service()
    if bound == "by setting":
        call.auth = ActionsAuth("my-api", origin=API, transport=endpoint)
    else:
        call(service, API + "/first")
    sent = len(service.seen)
    minted = len(endpoint.requests)
    with pytest.raises(ActionsTokenError) as refused:
        call(service, url)
    expected = "insecure_url" if url.startswith("http:") else "foreign_origin"
    assert refused.value.code == expected
    assert (len(service.seen), len(endpoint.requests)) == (sent, minted)
    call(service, API + "/again?x")
    assert len(service.seen) == sent + 1


def test_a_refused_request_binds_nothing(call: Caller, endpoint: Endpoint) -> None:
    service = Service()
    with pytest.raises(ActionsTokenError):
        call(service, "http://evil.example")
    call(service, API)
    assert service.tokens == bearer(endpoint, 0)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://[::1]/", "http://localhost"]
)
def test_this_machine_needs_no_https(
    url: str, call: Caller, endpoint: Endpoint
) -> None:
    service = Service()
    call(service, url)
    assert service.tokens == bearer(endpoint, 0)


@pytest.mark.parametrize(
    ("start", "target"),
    [
        (API, "https://evil.example/"),
        (API, "https://api.example.com:8443/"),
        (API, "http://api.example.com/"),
        (API, "//evil.example/"),
        ("http://localhost:8000", "https://localhost/"),
        ("http://localhost", "https://127.0.0.1/"),
        ("http://127.0.0.1", "http://127.0.0.1:81/"),
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_a_redirect_elsewhere_carries_no_token(
    start: str, target: str, status: int, call: Caller, endpoint: Endpoint
) -> None:
    service = Service()
    where = str(httpx.URL(start).join(target))
    service.routes[start] = httpx.Response(307, headers={"Location": target})
    service.routes[where] = httpx.Response(status)
    response = call(service, start)
    assert response.status_code == status
    assert service.seen == [(start, *bearer(endpoint, 0)), (where, None)]
    # A 401 from elsewhere says nothing about the token.
    assert len(endpoint.requests) == 1


def test_a_redirect_within_the_origin_keeps_the_token(
    call: Caller, endpoint: Endpoint
) -> None:
    service = Service()
    service.routes[API + "/a"] = httpx.Response(308, headers={"Location": "/b"})
    call(service, API + "/a")
    assert service.tokens == bearer(endpoint, 0, 0)


def test_repr_shows_audience_and_origin_only(
    auth: ActionsAuth, endpoint: Endpoint
) -> None:
    assert repr(auth) == "ActionsAuth('my-api', origin=None)"
    httpx.Client(auth=auth, transport=Service()).get(API)
    assert repr(auth) == f"ActionsAuth('my-api', origin='{API}')"
    assert endpoint.tokens[0] not in repr(vars(auth))
    with pytest.raises(TypeError):
        pickle.dumps(auth)


def test_wrong_settings_are_refused_at_once() -> None:
    with pytest.raises(ConfigurationError):
        ActionsAuth("")
    with pytest.raises(ConfigurationError):
        ActionsAuth("my-api", origin="api.example.com")


def test_outside_a_job_the_request_says_why(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    service = Service()
    with pytest.raises(ActionsTokenError) as refused:
        call(service, API)
    assert refused.value.code == "not_on_actions"
    assert service.seen == []


def test_a_transport_of_the_other_kind_is_named(call: Caller) -> None:
    other = httpx.AsyncHTTPTransport() if call.kind == "sync" else httpx.HTTPTransport()
    call.auth = ActionsAuth("my-api", transport=other)
    with pytest.raises(ConfigurationError, match="transport is for httpx"):
        call(Service(), API)


def test_the_environment_is_read_when_minting(
    call: Caller, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "newer")
    call(Service(), API)
    assert endpoint.requests[0].headers["Authorization"] == "Bearer newer"
