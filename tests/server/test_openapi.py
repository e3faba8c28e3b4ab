# SPDX-License-Identifier: Apache-2.0
"""What OpenAPI shows of protected operations."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Security
from fastapi.security import HTTPBearer

from github_oidc.issuers import GITHUB_ISSUER
from github_oidc.server import GithubOIDC, GithubOIDCClaims, install_openapi

ANSWERS = {"400", "401", "403", "503"}


def application(oidc: GithubOIDC) -> FastAPI:
    app = FastAPI()
    protected, scoped = Security(oidc), Security(oidc, scopes=["deploy"])
    foreign = Security(HTTPBearer())
    router = APIRouter(prefix="/router", dependencies=[protected])

    @app.get("/open")
    async def nobody_asks() -> None: ...

    @app.get("/foreign", dependencies=[foreign])
    async def another_asks() -> None: ...

    @app.get("/route")
    def model(claims: GithubOIDCClaims = protected) -> GithubOIDCClaims:
        return claims

    @app.post(
        "/scoped", dependencies=[scoped], responses={403: {"description": "Mine"}}
    )
    async def with_scopes() -> None: ...

    @router.put("/inside")
    async def inside() -> None: ...

    app.include_router(router)
    return app


def operations(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        path: operation
        for path, methods in schema["paths"].items()
        for operation in methods.values()
    }


def test_the_scheme_of_openid_connect(make_oidc: Any) -> None:
    schemes = application(make_oidc()).openapi()["components"]["securitySchemes"]
    assert schemes["GithubOIDC"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": f"{GITHUB_ISSUER}/.well-known/openid-configuration",
        "x-oidc-issuer": GITHUB_ISSUER,
    }


def test_the_scheme_that_the_authorize_button_understands(make_oidc: Any) -> None:
    oidc = make_oidc(
        openapi_scheme="bearer", scheme_name="ci", description="A CI job", ghe="acme"
    )
    assert application(oidc).openapi()["components"]["securitySchemes"]["ci"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A CI job",
        "x-oidc-issuer": "https://token.actions.acme.ghe.com",
    }


def test_the_scopes_of_an_operation(make_oidc: Any) -> None:
    shown = operations(application(make_oidc()).openapi())
    assert shown["/scoped"]["security"] == [{"GithubOIDC": ["deploy"]}]
    assert shown["/route"]["security"] == [{"GithubOIDC": []}]
    assert "security" not in shown["/open"]


def test_only_protected_operations_get_the_answers(make_oidc: Any) -> None:
    app = application(make_oidc())
    install_openapi(app)
    shown = operations(app.openapi())
    documented = {path for path, o in shown.items() if o["responses"].keys() >= ANSWERS}
    assert documented == {"/route", "/scoped", "/router/inside"}
    for path in ("/open", "/foreign"):
        assert not ANSWERS & shown[path]["responses"].keys()


def test_an_answer_has_a_body_and_a_header(make_oidc: Any) -> None:
    app = application(make_oidc())
    install_openapi(app)
    responses = operations(app.openapi())["/route"]["responses"]
    for status in ANSWERS:
        header = "Retry-After" if status == "503" else "WWW-Authenticate"
        assert responses[status]["headers"].keys() == {header}
        schema = responses[status]["content"]["application/json"]["schema"]
        reason = schema["properties"]["detail"]
        assert reason["properties"].keys() == {"code", "message"}


def test_what_an_operation_says_itself_stays(make_oidc: Any) -> None:
    app = application(make_oidc())
    install_openapi(app)
    responses = operations(app.openapi())["/scoped"]["responses"]
    assert responses["403"] == {"description": "Mine"}


def test_the_schema_is_kept_and_follows_new_routes(make_oidc: Any) -> None:
    oidc = make_oidc()
    app = application(oidc)
    install_openapi(app)
    install_openapi(app)
    first = app.openapi()
    assert app.openapi() is first

    @app.get("/late", dependencies=[Security(oidc)])
    async def late() -> None: ...

    app.openapi_schema = None
    shown = operations(app.openapi())
    assert shown["/late"]["responses"].keys() >= ANSWERS
    assert shown["/route"]["responses"].keys() >= ANSWERS


def test_a_schema_of_ones_own(make_oidc: Any) -> None:
    app = application(make_oidc())
    described = app.openapi

    def mine() -> dict[str, Any]:
        return {**described(), "x-mine": True}

    app.openapi = mine  # type: ignore[method-assign]
    install_openapi(app)
    schema = app.openapi()
    assert schema["x-mine"] is True
    assert operations(schema)["/route"]["responses"].keys() >= ANSWERS


def test_the_document_is_served_and_the_docs_too(make_oidc: Any, ask_app: Any) -> None:
    app = application(make_oidc())
    install_openapi(app)
    ask = ask_app(app)
    served = ask("/openapi.json").json
    assert operations(served)["/router/inside"]["responses"].keys() >= ANSWERS
    assert ask("/docs").status == 200


def test_answers_for_a_whole_application(make_oidc: Any, ask_app: Any) -> None:
    oidc = make_oidc()
    app = FastAPI(responses=oidc.responses)

    @app.get("/", dependencies=[Security(oidc)])
    async def root() -> None: ...

    installed = application(oidc)
    install_openapi(installed)
    expected = operations(installed.openapi())["/route"]["responses"]
    shown = operations(ask_app(app)("/openapi.json").json)["/"]["responses"]
    for status in ANSWERS:
        assert shown[status] == expected[status]


def test_the_documented_answers_are_a_copy(make_oidc: Any) -> None:
    oidc = make_oidc()
    oidc.responses[401].clear()
    assert oidc.responses[401]["description"]


@pytest.mark.parametrize("mode", ["openIdConnect", "bearer"])
def test_claims_as_a_response_model(make_oidc: Any, mode: str) -> None:
    app = application(make_oidc(openapi_scheme=mode))
    schemas = app.openapi()["components"]["schemas"]
    claims = schemas["GithubOIDCClaims"]
    assert claims["properties"]["run_id"]["anyOf"][0]["type"] == "integer"
    assert claims["properties"]["aud"]["anyOf"] == [
        {"type": "string"},
        {"items": {"type": "string"}, "type": "array"},
    ]
    assert set(claims["required"]) == {"iss", "sub", "aud", "exp", "iat"}
