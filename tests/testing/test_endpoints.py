# SPDX-License-Identifier: Apache-2.0
"""What a fake issuer answers, over the transport and over the socket alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.testing import FakeIssuer, SigningKey

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate("ES256")


@pytest.fixture(params=["transport", "async transport", "socket"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def issuer(key: SigningKey, way: str) -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(signing_key=key)
    if way == "socket":
        with issuer:
            yield issuer
    else:
        yield issuer


@pytest.fixture
def send(issuer: FakeIssuer, way: str) -> Iterator[Get]:
    def send_async(method: str, url: str, **options: object) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=issuer.transport()) as client:
                return await client.request(method, url, **options)  # type: ignore[arg-type]

        return asyncio.run(once())

    if way == "async transport":
        yield send_async
        return
    transport = None if way == "socket" else issuer.transport()
    with httpx.Client(transport=transport, trust_env=False) as client:
        yield client.request


@pytest.fixture
def get(send: Get) -> Get:
    return lambda url, **options: send("GET", url, **options)


def authorization(issuer: FakeIssuer, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {issuer.request_token}"}


def claims_of(answer: httpx.Response) -> dict[str, object]:
    return dict(jwt.decode(answer.json()["value"], options={"verify_signature": False}))


def test_discovery_leads_to_the_keys(issuer: FakeIssuer, get: Get) -> None:
    found = get(f"{issuer.issuer}/.well-known/openid-configuration")
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json() == issuer.metadata()
    keys = get(found.json()["jwks_uri"])
    assert keys.json() == issuer.jwks()
    assert issuer.requests == {"metadata": 1, "jwks": 1}
    assert issuer.requests["token"] == 0


def test_responses_say_how_long_they_may_be_kept(issuer: FakeIssuer, get: Get) -> None:
    issuer.max_age_s = 77
    assert get(issuer.jwks_uri).headers["cache-control"] == "public, max-age=77"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_job_gets_a_token(issuer: FakeIssuer, get: Get, scheme: str) -> None:
    issuer.job["repository"] = "acme/app"
    answer = get(
        f"{issuer.actions_url}&audience=sig%20store%26x",
        headers=authorization(issuer, scheme),
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["count"] == len(answer.json()["value"])
    claims = claims_of(answer)
    assert (claims["aud"], claims["repository"]) == ("sig store&x", "acme/app")
    assert claims["iss"] == issuer.issuer
    assert issuer.requests["token"] == 1


def test_a_plus_is_a_space(issuer: FakeIssuer, get: Get) -> None:
    answer = get(
        f"{issuer.actions_url}&audience=sig+store", headers=authorization(issuer)
    )
    assert claims_of(answer)["aud"] == "sig store"


def test_without_an_audience_it_is_the_owner(issuer: FakeIssuer, get: Get) -> None:
    issuer.job["repository"] = "acme/app"
    answer = get(issuer.actions_url, headers=authorization(issuer))
    assert claims_of(answer)["aud"] == "https://github.com/acme"


REFUSED = {
    "no authorization": (401, {}),
    "another scheme": (401, {"Authorization": "Basic eDp5"}),
    "no credential": (401, {"Authorization": "Bearer"}),
    "another token": (403, {"Authorization": "Bearer other"}),
    "not ascii": (403, {"Authorization": "Bearer \xe9"}),
}


@pytest.mark.parametrize(("status", "headers"), REFUSED.values(), ids=REFUSED.keys())
def test_without_the_request_token_there_is_no_token(
    issuer: FakeIssuer, get: Get, status: int, headers: dict[str, str]
) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = get(issuer.actions_url, headers=encoded)
    assert answer.status_code == status
    assert "value" not in answer.json()


def test_two_audiences_are_refused(issuer: FakeIssuer, get: Get) -> None:
    answer = get(
        f"{issuer.actions_url}&audience=a&audience=b", headers=authorization(issuer)
    )
    assert answer.status_code == 400


def test_other_paths_and_methods(issuer: FakeIssuer, send: Get) -> None:
    assert send("GET", f"{issuer.base_url}/other").status_code == 404
    refused = send("POST", issuer.jwks_uri, content=b"{}")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert issuer.requests == {"other": 1, "jwks": 1}


def test_any_claims_are_minted_only_where_allowed(
    issuer: FakeIssuer, send: Get
) -> None:
    answer = send("POST", f"{issuer.base_url}/dev/mint", json={"audience": "a"})
    assert answer.status_code == 404


def test_the_next_requests_fail(issuer: FakeIssuer, get: Get) -> None:
    issuer.fail_next(2, headers={"Retry-After": "7"}, body=b"down")
    for _ in range(2):
        failed = get(issuer.jwks_uri)
        assert (failed.status_code, failed.content) == (503, b"down")
        assert failed.headers["retry-after"] == "7"
    assert get(issuer.jwks_uri).status_code == 200
    assert issuer.requests["jwks"] == 3


def test_one_endpoint_fails(issuer: FakeIssuer, get: Get) -> None:
    issuer.fail_next(status=404, endpoint="jwks")
    assert get(issuer.metadata_url).status_code == 200
    assert get(issuer.jwks_uri).status_code == 404
    assert get(issuer.jwks_uri).status_code == 200


@pytest.mark.parametrize("status", [204, 302, 418, 599])
def test_any_status(issuer: FakeIssuer, get: Get, status: int) -> None:
    issuer.fail_next(status=status)
    assert get(issuer.jwks_uri).status_code == status
    assert get(issuer.jwks_uri).status_code == 200


def test_the_connection_breaks(issuer: FakeIssuer, get: Get) -> None:
    issuer.fail_next(status=None)
    with pytest.raises(httpx.TransportError):
        get(issuer.jwks_uri)
    assert get(issuer.jwks_uri).status_code == 200


def test_many_threads(issuer: FakeIssuer, get: Get) -> None:
    issuer.fail_next(5)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(get, [issuer.jwks_uri] * 40))
    assert sorted(answer.status_code for answer in answers) == [200] * 35 + [503] * 5
    assert issuer.requests["jwks"] == 40


def test_a_transport_reaches_its_issuer_only(key: SigningKey) -> None:
    transport = FakeIssuer(signing_key=key).transport()
    with httpx.Client(transport=transport) as client:
        for url in (
            "https://example.com/.well-known/jwks",
            f"http://{GITHUB_ISSUER.removeprefix('https://')}/.well-known/jwks",
            f"{GITHUB_ISSUER}.example.com/.well-known/jwks",
        ):
            with pytest.raises(httpx.ConnectError, match="not a host"):
                client.get(url)


def test_a_transport_does_not_mix_its_hosts(key: SigningKey) -> None:
    issuer = FakeIssuer(signing_key=key)
    with httpx.Client(transport=issuer.transport()) as client:
        answer = client.get(
            f"{GITHUB_ISSUER}/actions/id-token", headers=authorization(issuer)
        )
    assert answer.status_code == 404


def test_a_transport_outlives_its_clients(key: SigningKey) -> None:
    issuer = FakeIssuer(signing_key=key)
    assert issuer.transport() is issuer.transport()
    for _ in range(2):
        with httpx.Client(transport=issuer.transport()) as client:
            assert client.get(issuer.jwks_uri).status_code == 200


def test_an_enterprise_has_no_keys_below_its_slug(key: SigningKey) -> None:
    issuer = FakeIssuer(f"{GITHUB_ISSUER}/acme", signing_key=key)
    with httpx.Client(transport=issuer.transport()) as client:
        assert client.get(issuer.metadata_url).json() == issuer.metadata()
        assert client.get(f"{issuer.issuer}/.well-known/jwks").status_code == 404
        assert client.get(f"{GITHUB_ISSUER}/.well-known/jwks").status_code == 200
