# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_oidc.client.environment import TokenEndpoint
from github_oidc.client.origin import Origin
from github_oidc.client.request import check_audience, mint, mint_async, token_url
from github_oidc.client.retry import Timing
from github_oidc.client.token import Secret
from github_oidc.errors import ActionsTokenError, ConfigurationError

if TYPE_CHECKING:
    from tests.client.conftest import Clock, Endpoint

URL = "https://endpoint.actions.example/path?api-version=2.0"
HERE = TokenEndpoint(
    Secret(URL), Secret("request-token"), Origin.of(httpx.URL(URL)), on_actions=False
)
Mint = Callable[[], str]


@pytest.fixture(params=["sync", "async"])
def mint_one(
    request: pytest.FixtureRequest, endpoint: Endpoint, timing: Timing
) -> Mint:
    """One token from the endpoint, by either driver."""
    if request.param == "sync":

        def minted_here() -> str:
            token = mint(HERE, "api", timing=timing, transport=endpoint)
            return token.value.reveal()

        return minted_here

    async def minted() -> str:
        found = await mint_async(HERE, "api", timing=timing, transport=endpoint)
        return found.value.reveal()

    return lambda: asyncio.run(minted())


def refusal(mint_one: Mint) -> ActionsTokenError:
    with pytest.raises(ActionsTokenError) as refused:
        mint_one()
    return refused.value


def status(code: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, headers=named, text="body")


def test_the_request(mint_one: Mint, endpoint: Endpoint) -> None:
    assert mint_one() == endpoint.tokens[0]
    (request,) = endpoint.requests
    assert request.method == "GET"
    assert str(request.url) == URL + "&audience=api"
    assert request.headers["Authorization"] == "Bearer request-token"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"].startswith("github-oidc")
    assert set(request.extensions["timeout"].values()) == {10.0}


@pytest.mark.parametrize(
    ("given_url", "asked_url"),
    [
        ("https://h/tok", "https://h/tok?audience=a%20b%26c%2Fd"),
        ("https://h/tok?", "https://h/tok?audience=a%20b%26c%2Fd"),
        ("https://h", "https://h?audience=a%20b%26c%2Fd"),
        ("https://h/t?v=2.0", "https://h/t?v=2.0&audience=a%20b%26c%2Fd"),
        ("https://h/t?audience=x&v=1", "https://h/t?v=1&audience=a%20b%26c%2Fd"),
        ("https://h/t?%61udience=x", "https://h/t?audience=a%20b%26c%2Fd"),
        ("https://h/t?v=%FF&w", "https://h/t?v=%FF&w=&audience=a%20b%26c%2Fd"),
        ("https://h/t#f?x=1", "https://h/t?audience=a%20b%26c%2Fd#f?x=1"),
    ],
)
def test_the_audience_joins_any_query(given_url: str, asked_url: str) -> None:
    assert str(token_url(given_url, "a b&c/d")) == asked_url


@given(
    given_query=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.text(st.characters(exclude_categories=["Cs"])),
        )
    ),
    audience=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_any_query_keeps_its_meaning(
    given_query: list[tuple[str, str]], audience: str
) -> None:
    given_query = [pair for pair in given_query if pair[0] != "audience"]
    url = token_url("https://h/path?" + urlencode(given_query), audience)
    assert url.path == "/path"
    sent = parse_qsl(url.query.decode(), keep_blank_values=True, strict_parsing=True)
    assert sent == [*given_query, ("audience", audience)]


@pytest.mark.parametrize("audience", ["", " ", "\ud800", "a" * 1025, None, 1, ["api"]])
def test_no_audience(audience: object) -> None:
    with pytest.raises(ConfigurationError, match="audience"):
        check_audience(audience)


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.ReadError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        500,
        502,
        503,
        429,
    ],
    ids=lambda fault: str(fault) if isinstance(fault, int) else type(fault).__name__,
)
def test_a_passing_fault_is_tried_again(
    fault: int | Exception, mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.script = [fault]
    assert mint_one() == endpoint.tokens[0]
    assert len(endpoint.requests) == 2
    assert clock.slept == [1.0]


def test_five_tries(mint_one: Mint, endpoint: Endpoint, clock: Clock) -> None:
    endpoint.script = [503, 503, 503, 503, httpx.ReadTimeout("x"), 503]
    refused = refusal(mint_one)
    assert refused.code == "token_request_failed"
    assert "5 of at most 5 tries in 15.0 s" in str(refused)
    assert "ReadTimeout" in str(refused)
    assert "https://endpoint.actions.example" in str(refused)
    assert len(endpoint.requests) == 5
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]


def test_the_fifth_try_counts(mint_one: Mint, endpoint: Endpoint) -> None:
    endpoint.script = [503, 503, 503, 503]
    assert mint_one() == endpoint.tokens[0]


@pytest.mark.parametrize(
    "code", [301, 302, 307, 308, 304, 400, 401, 403, 404, 405, 408, 410, 422, 451]
)
def test_a_final_status_stops_at_once(
    code: int, mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.script = [status(code, Location="https://evil.example/")]
    refused = refusal(mint_one)
    assert refused.code == "token_request_refused"
    assert f"HTTP status {code}" in str(refused)
    assert len(endpoint.requests) == 1
    assert clock.slept == []


def test_403_says_what_to_check(mint_one: Mint, endpoint: Endpoint) -> None:
    endpoint.script = [403]
    assert "id-token: write" in str(refusal(mint_one))


@pytest.mark.parametrize(
    "fault",
    [httpx.ProxyError("x"), httpx.UnsupportedProtocol("x"), httpx.DecodingError("x")],
    ids=lambda fault: type(fault).__name__,
)
def test_a_lasting_fault_stops_at_once(
    fault: Exception, mint_one: Mint, endpoint: Endpoint
) -> None:
    endpoint.script = [fault]
    refused = refusal(mint_one)
    assert refused.code == "token_request_failed"
    assert type(fault).__name__ in str(refused)
    assert len(endpoint.requests) == 1


def test_an_untrusted_certificate_stops_at_once(
    mint_one: Mint, endpoint: Endpoint
) -> None:
    fault = httpx.ConnectError("x")
    fault.__cause__ = OSError()
    fault.__cause__.__context__ = ssl.SSLCertVerificationError()
    endpoint.script = [fault]
    assert "SSL_CERT_FILE" in str(refusal(mint_one))
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured(
    code: int, mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.script = [status(code, Retry_After="20")]
    mint_one()
    assert clock.slept == [20.0]


@pytest.mark.parametrize("after", ["60", "999999"])
def test_retry_after_beyond_the_deadline(
    after: str, mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.script = [status(429, Retry_After=after)]
    refused = refusal(mint_one)
    assert refused.code == "token_request_failed"
    assert f"asks to wait {after} s" in str(refused)
    assert clock.slept == []


@pytest.mark.parametrize(
    "after", ["soon", "-5", "1e9", "", "9999999", "Wed, 21 Oct 2026 07:28:00 GMT"]
)
def test_retry_after_of_no_number(
    after: str, mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.script = [status(429, Retry_After=after)]
    mint_one()
    assert clock.slept == [1.0]


def test_the_deadline_ends_the_tries(
    mint_one: Mint, endpoint: Endpoint, clock: Clock
) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += request.extensions["timeout"]["read"]
        raise httpx.ReadTimeout("x")

    endpoint.script = [slow, status(503, Retry_After="40"), slow]
    refused = refusal(mint_one)
    assert refused.code == "token_request_failed"
    assert clock.now == 1060.0
    timeouts = [r.extensions["timeout"]["read"] for r in endpoint.requests]
    assert timeouts == [10.0, 10.0, 9.0]


def test_a_trickle_is_cut_off(endpoint: Endpoint, timing: Timing, clock: Clock) -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(100):
                clock.now += 4
                yield b" "

    def trickle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Trickle())

    endpoint.script = [trickle] * 5
    with pytest.raises(ActionsTokenError, match="ReadTimeout"):
        mint(HERE, "api", timing=timing, transport=endpoint)
    assert clock.now <= 1072


def test_an_async_trickle_is_cut_off(clock: Clock) -> None:
    never = asyncio.Event

    async def hang(request: httpx.Request) -> httpx.Response:
        await never().wait()
        raise AssertionError

    async def mint_from_nowhere() -> None:
        timing = Timing(
            timeout_s=0.01,
            clock=clock,
            sleep_async=clock.sleep_async,
            chance=lambda: 1.0,
        )
        await mint_async(
            HERE, "api", timing=timing, transport=httpx.MockTransport(hang)
        )

    with pytest.raises(ActionsTokenError, match=r"5 of at most 5 .*: ReadTimeout"):
        asyncio.run(mint_from_nowhere())


BODIES = {
    "empty": b"",
    "cut off": b'{"value": "a.b.c"',
    "not UTF-8": b'{"value": "\xff"}',
    "an array": b'["a.b.c"]',
    "text": b'"a.b.c"',
    "null": b"null",
    "number": b"1",
    "another member": b'{"token": "a.b.c"}',
    "value null": b'{"value": null}',
    "value of another type": b'{"value": ["a.b.c"]}',
    "value empty": b'{"value": ""}',
    "two segments": b'{"value": "a.b"}',
    "four segments": b'{"value": "a.b.c.d"}',
    "an empty segment": b'{"value": "a..c"}',
    "a newline": b'{"value": "a.b.c\\n::error::"}',
    "a control character": b'{"value": "a.b.c\\u0000"}',
    "a byte that is not base64url": b'{"value": "a.b.c="}',
    "a token too large": json.dumps({"value": "a.b." + "c" * 16381}).encode(),
    "a body too large": b'{"value": "a.b.c"}' + b" " * 64 * 1024,
    "nested deeply": b"[" * 60_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_malformed_answer(body: bytes, mint_one: Mint, endpoint: Endpoint) -> None:
    endpoint.script = [httpx.Response(200, content=body)]
    refused = refusal(mint_one)
    assert refused.code == "malformed_token_response"
    assert "a.b" not in str(refused)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("code", [201, 204, 206])
def test_another_success_is_malformed(
    code: int, mint_one: Mint, endpoint: Endpoint
) -> None:
    endpoint.script = [httpx.Response(code, json={"value": "a.b.c"})]
    refused = refusal(mint_one)
    assert refused.code == "malformed_token_response"
    assert "the status is not 200" in str(refused)


def test_nothing_is_decompressed(mint_one: Mint, endpoint: Endpoint) -> None:
    class Bomb(httpx.ByteStream):
        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError

    headers = {"Content-Encoding": "gzip"}
    endpoint.script = [lambda _: httpx.Response(200, headers=headers, stream=Bomb(b""))]
    refused = refusal(mint_one)
    assert refused.code == "malformed_token_response"
    assert "compressed" in str(refused)


def test_the_largest_answer(mint_one: Mint, endpoint: Endpoint) -> None:
    body = b'{"value": "a.b.c"}'.ljust(64 * 1024)
    endpoint.script = [httpx.Response(200, content=body)]
    assert mint_one() == "a.b.c"


@pytest.mark.parametrize("name", ["timeout_s", "deadline_s"])
@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), None, "1", True])
def test_limits_are_seconds(name: str, limit: float) -> None:
    with pytest.raises(ConfigurationError, match=name.removesuffix("_s")):
        Timing(**{name: limit})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "SSL_CERT_FILE"])
@pytest.mark.anyio
async def test_variables_that_httpx_reads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timing: Timing
) -> None:
    no_certificate = tmp_path / "secret"
    no_certificate.write_text("secret")
    value = str(no_certificate) if name == "SSL_CERT_FILE" else "x://secret:y@proxy"
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name) as refused:
        mint(HERE, "api", timing=timing)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=name):
        await mint_async(HERE, "api", timing=timing)


def test_a_given_transport_stays_open(timing: Timing) -> None:
    class Watched(httpx.MockTransport):
        closed = False

        def close(self) -> None:
            self.closed = True

        async def aclose(self) -> None:
            self.closed = True

    transport = Watched(lambda _: httpx.Response(200, json={"value": "a.b.c"}))
    mint(HERE, "api", timing=timing, transport=transport)
    asyncio.run(mint_async(HERE, "api", timing=timing, transport=transport))
    assert not transport.closed
