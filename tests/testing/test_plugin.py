# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin, in sessions of its own and on routes built at import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = "pytester"

HEAVY = (
    "cryptography",
    "fastapi",
    "github_oidc._core",
    "github_oidc.keys",
    "github_oidc.testing.issuer",
    "http.server",
    "httpx",
    "pydantic",
)


def test_importing_it_loads_nothing_heavy() -> None:
    program = (
        "import pytest, sys; before = set(sys.modules);"
        "import github_oidc.testing.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = ran.stdout.split()
    assert "github_oidc.testing.plugin" in loaded
    assert not [
        name
        for name in loaded
        if any(f"{name}.".startswith(f"{heavy}.") for heavy in HEAVY)
    ]
    # Everything else that it brings is this package's own.
    assert {name.partition(".")[0] for name in loaded} <= {"__future__", "github_oidc"}


def test_a_session_that_uses_no_fixture_loads_nothing_heavy(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_nothing(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("github_oidc")
            assert not set({HEAVY!r}) & set(sys.modules)
        """
    )
    run(pytester).assert_outcomes(passed=1)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """A session of its own process, that sees the plugin by its entry point alone."""
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)


APP = """
    from typing import Annotated

    from fastapi import FastAPI, Security

    from github_oidc.server import GithubOIDC, GithubOIDCClaims

    app = FastAPI()
    oidc = GithubOIDC(audience="my-api", allow_any_workflow=True)


    @app.get("/who")
    async def who(claims: Annotated[GithubOIDCClaims, Security(oidc)]) -> str:
        return claims.repository
"""


def test_a_route_built_at_import_takes_its_tokens(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        app=APP,
        test_app="""
        import pytest
        from fastapi.testclient import TestClient

        from app import app
        from github_oidc.testing import FakeIssuer

        client = TestClient(app)


        @pytest.mark.parametrize("repository", ["acme/one", "acme/two"])
        def test_admitted(github_token, github_issuer, repository):
            for _ in range(2):
                answer = client.get(
                    "/who", headers=github_token.header("my-api", repository=repository)
                )
                assert (answer.status_code, answer.json()) == (200, repository)
            assert github_issuer.requests["jwks"] == 1


        def test_refused(github_token, github_issuer):
            forged = github_issuer.mint("my-api", sign_with=FakeIssuer())
            for token, code in {
                github_token("other"): "audience_mismatch",
                github_token("my-api", lifetime=-60): "token_expired",
                forged: "invalid_signature",
            }.items():
                header = {"Authorization": f"Bearer {token}"}
                answer = client.get("/who", headers=header)
                assert answer.status_code == 401
                assert answer.json()["detail"]["code"] == code


        def test_an_outage(github_token, github_issuer):
            github_issuer.fail_next(20)
            answer = client.get("/who", headers=github_token.header("my-api"))
            assert answer.status_code == 503


        def test_a_withdrawn_key_of_an_earlier_test(github_issuer):
            github_issuer.rotate()
            token = github_issuer.mint("my-api")
            answer = client.get("/who", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200
        """,
    )
    run(pytester).assert_outcomes(passed=5)


def test_a_job_gets_its_token(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        app=APP,
        test_job="""
        import os

        from fastapi.testclient import TestClient

        from app import app
        from github_oidc.client import get_actions_header


        def test_job(github_actions):
            github_actions.job["repository"] = "acme/app"
            answer = TestClient(app).get("/who", headers=get_actions_header("my-api"))
            assert answer.json() == "acme/app"
            assert github_actions.requests["token"] == 1


        def test_environment_is_restored():
            assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN" not in os.environ
        """,
    )
    run(pytester).assert_outcomes(passed=2)


def test_the_key_is_made_once_a_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        seen = set()


        @pytest.mark.parametrize("turn", [1, 2])
        def test_key(github_issuer, turn):
            seen.add(github_issuer.signing_key.kid)
            assert len(seen) == 1
            assert github_issuer.requests == {}
            github_issuer.job["actor"] = "me"
            github_issuer.rotate()
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_its_fixtures_are_listed_with_their_meaning(
    pytester: pytest.Pytester,
) -> None:
    listed = run(pytester, "--fixtures").stdout.str()
    for name in ("github_actions", "github_issuer", "github_token"):
        assert f"{name} -- " in listed


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The inner sessions run as on a developer's machine."""
    for name in set(os.environ) & {"GITHUB_ACTIONS", "PYTEST_ADDOPTS"}:
        monkeypatch.delenv(name)
