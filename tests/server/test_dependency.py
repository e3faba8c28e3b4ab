# SPDX-License-Identifier: Apache-2.0
"""The dependency in its place: one verdict per request, and all that FastAPI does."""

from __future__ import annotations

import asyncio
import types
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Security
from fastapi.security import SecurityScopes
from pydantic import BaseModel
from starlette.requests import Request

from github_oidc import KeySource
from github_oidc.errors import UnavailableError
from github_oidc.keys import forget_keys
from github_oidc.server import OIDC, GithubOIDC, GithubOIDCClaims, RegisteredClaims
from github_oidc.testing import FakeIssuer, SigningKey

OWN_ISSUER = "https://issuer.example"


class CountingKeys(KeySource):
    """Counts the tokens that it verifies."""

    count = 0

    async def verify(self, *args: Any) -> Any:
        self.count += 1
        return await super().verify(*args)


class TestOneVerdict:
    """A request is verified once, however many dependencies ask."""

    @pytest.fixture
    def keys(self, issuer: FakeIssuer) -> CountingKeys:
        return CountingKeys(issuer.issuer, jwks=issuer.jwks())

    @pytest.fixture
    def ask(self, make_oidc: Any, keys: CountingKeys, ask_app: Any) -> Any:
        oidc = make_oidc(keys=keys)
        other = make_oidc(keys=keys, audience="another-api")
        plain, scoped = Security(oidc), Security(oidc, scopes=["deploy"])
        uncached = Security(oidc, use_cache=False)
        router = APIRouter(dependencies=[plain])

        @router.get("/twice")
        async def twice(a: Any = plain, b: Any = uncached) -> bool:
            return a is b

        @router.get("/deploy", dependencies=[scoped])
        async def deploy() -> None:
            raise AssertionError("let in")

        @router.get("/other", dependencies=[Security(other)])
        async def elsewhere() -> None:
            raise AssertionError("let in")

        app = FastAPI(dependencies=[plain])
        app.include_router(router, prefix="/nested")
        mounted = FastAPI(dependencies=[plain])
        mounted.include_router(router)
        app.mount("/mounted", mounted)
        return ask_app(app)

    @pytest.mark.parametrize("path", ["/nested/twice", "/mounted/twice"])
    def test_router_and_route(
        self, ask: Any, keys: CountingKeys, issuer: FakeIssuer, path: str
    ) -> None:
        token = issuer.mint("my-api")
        for requests in (1, 2):
            answer = ask(path, f"Bearer {token}")
            assert (answer.status, answer.json) == (200, True)
            assert keys.count == requests

    def test_each_checks_its_own_scopes(
        self, ask: Any, keys: CountingKeys, issuer: FakeIssuer
    ) -> None:
        answer = ask("/nested/deploy", f"Bearer {issuer.mint('my-api')}")
        assert (answer.status, answer.code) == (403, "insufficient_scope")
        assert 'scope="deploy"' in answer.header("www-authenticate")
        assert keys.count == 1

    def test_another_instance_has_another_verdict(
        self, ask: Any, keys: CountingKeys, issuer: FakeIssuer
    ) -> None:
        answer = ask("/nested/other", f"Bearer {issuer.mint('my-api')}")
        assert (answer.status, answer.code) == (401, "audience_mismatch")
        assert keys.count == 2

    @pytest.mark.parametrize("in_place", [False, True])
    def test_other_headers_under_a_copy_of_the_scope(
        self, oidc: GithubOIDC, issuer: FakeIssuer, in_place: bool
    ) -> None:
        """As a route does that answers a batch of requests with one application."""
        headers = [(b"authorization", f"Bearer {issuer.mint('my-api')}".encode())]
        scope: dict[str, Any] = {"type": "http", "headers": headers}
        asyncio.run(oidc(Request(scope), SecurityScopes()))
        inner = dict(scope)
        if in_place:
            headers.clear()
        else:
            inner["headers"] = []
        with pytest.raises(HTTPException) as refused:
            asyncio.run(oidc(Request(inner), SecurityScopes()))
        assert refused.value.detail["code"] == "missing_token"  # type: ignore[index]


class TestFastAPI:
    """What FastAPI promises of a dependency holds for this one."""

    def test_override(self, oidc: GithubOIDC, protect: Any, ask_app: Any) -> None:
        app = protect(oidc)
        app.dependency_overrides[oidc] = lambda: types.SimpleNamespace(
            repository="from/override"
        )
        for path in ("/async", "/sync", "/scoped"):
            assert ask_app(app)(path).json == "from/override"

    def test_override_by_claims(
        self, oidc: GithubOIDC, protect: Any, ask_app: Any
    ) -> None:
        app = protect(oidc)
        claims = GithubOIDCClaims(
            iss="i",
            sub="s",
            aud="a",
            exp=2,
            iat=1,
            repository="a/b",
            ref_protected=True,
        )
        app.dependency_overrides[oidc] = lambda: claims
        assert ask_app(app)("/async").json == "a/b"

    def test_no_thread_and_no_task(
        self, oidc: GithubOIDC, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With keys at hand, a check runs to its end without giving up control."""
        headers = [(b"authorization", f"Bearer {issuer.mint('my-api')}".encode())]
        scope: dict[str, Any] = {"type": "http", "headers": headers}
        check = oidc(Request(scope), SecurityScopes())
        with pytest.raises(StopIteration) as finished:
            check.send(None)
        assert isinstance(finished.value.value, GithubOIDCClaims)

    def test_claims_are_a_response(
        self, oidc: GithubOIDC, issuer: FakeIssuer, ask_app: Any
    ) -> None:
        app, protected = FastAPI(), Security(oidc)

        @app.get("/plain")
        async def plain(claims: GithubOIDCClaims = protected) -> Any:
            return claims

        @app.get("/model")
        def model(claims: GithubOIDCClaims = protected) -> GithubOIDCClaims:
            return claims

        @app.get("/extra")
        def extra(claims: GithubOIDCClaims = protected) -> Any:
            return claims.model_extra

        @app.get("/properties")
        def properties(claims: GithubOIDCClaims = protected) -> Any:
            return claims.repository_properties

        extras = {"repo_property_x": "1,2", "tree": {"a": [1, {"b": [None, True]}]}}
        token = issuer.mint("my-api", run_id="77", **extras)  # type: ignore[arg-type]
        ask = ask_app(app)
        for path in ("/plain", "/model"):
            body = ask(path, f"Bearer {token}").json
            assert body["run_id"] == 77
            assert body["ref_protected"] is True
            assert body["tree"] == extras["tree"]
            assert body["environment"] is None
        assert ask("/extra", f"Bearer {token}").json == extras
        assert ask("/properties", f"Bearer {token}").json == {"x": "1,2"}

    def test_annotated_claims_of_any_issuer(
        self, github_signing_key: SigningKey, ask_app: Any
    ) -> None:
        issuer = FakeIssuer(OWN_ISSUER, signing_key=github_signing_key)
        settings: dict[str, Any] = {
            "issuer": OWN_ISSUER,
            "audience": "a",
            "jwks": issuer.jwks(),
        }
        default = OIDC(**settings)
        own = OIDC(claims=Team, **settings)
        app = FastAPI()

        def registered(claims: Any) -> Any:
            assert type(claims) is RegisteredClaims
            return claims.sub

        def team(claims: Any) -> Any:
            assert type(claims) is Team
            return claims.team

        registered.__annotations__["claims"] = Annotated[Any, Security(default)]
        team.__annotations__["claims"] = Annotated[Any, Security(own)]
        app.get("/registered")(registered)
        app.get("/team")(team)
        ask = ask_app(app)
        token = issuer.mint_id_token("a", sub="me", team="x")
        assert ask("/registered", f"Bearer {token}").json == "me"
        assert ask("/team", f"Bearer {token}").json == "x"
        teamless = issuer.mint_id_token("a", sub="me")
        answer = ask("/team", f"Bearer {teamless}")
        assert answer.code == "claims_mismatch"
        assert answer.json["detail"]["message"].endswith("(team)")

    def test_a_dependency_of_ones_own_on_top(
        self, oidc: GithubOIDC, issuer: FakeIssuer, ask_app: Any
    ) -> None:
        protected = Security(oidc)

        def repository(claims: GithubOIDCClaims = protected) -> str:
            if claims.repository != "acme/app":
                raise HTTPException(403)
            return claims.repository

        app, checked = FastAPI(), Depends(repository)

        @app.get("/")
        async def root(name: str = checked) -> str:
            return name

        ask = ask_app(app)
        mint = issuer.mint
        assert ask("/", f"Bearer {mint('my-api', repository='acme/app')}").status == 200
        assert ask("/", f"Bearer {mint('my-api', repository='e/v')}").status == 403


class Team(BaseModel):
    """A model that shares nothing with ours."""

    team: str


class TestWarmUp:
    """Keys are there before the first request, if one asks for that."""

    def test_fetches_once(
        self, issuer: FakeIssuer, make_oidc: Any, protect: Any, ask_app: Any
    ) -> None:
        oidc = make_oidc(transport=issuer.transport())
        asyncio.run(oidc.warm_up())
        assert issuer.requests["jwks"] == 1
        for _ in range(3):
            answer = ask_app(protect(oidc))("/async", f"Bearer {issuer.mint('my-api')}")
            assert answer.status == 200
        assert issuer.requests["jwks"] == 1

    def test_failure_is_told_and_not_final(
        self, issuer: FakeIssuer, make_oidc: Any, protect: Any, ask_app: Any
    ) -> None:
        issuer.fail_next()
        oidc = make_oidc(transport=issuer.transport())
        with pytest.raises(UnavailableError):
            asyncio.run(oidc.warm_up())
        forget_keys(issuer.issuer)
        answer = ask_app(protect(oidc))("/async", f"Bearer {issuer.mint('my-api')}")
        assert answer.status == 200

    def test_many_instances_and_cold_requests_make_one_fetch(
        self, issuer: FakeIssuer, make_oidc: Any
    ) -> None:
        instances = [make_oidc(transport=issuer.transport()) for _ in range(4)]
        headers = [(b"authorization", f"Bearer {issuer.mint('my-api')}".encode())]
        scope: dict[str, Any] = {"type": "http", "headers": headers}

        async def ask_all() -> list[Any]:
            return await asyncio.gather(
                *(
                    oidc(Request(dict(scope)), SecurityScopes())
                    for oidc in instances
                    for _ in range(8)
                )
            )

        assert len(asyncio.run(ask_all())) == 32
        assert issuer.requests["jwks"] == 1
