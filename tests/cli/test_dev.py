# SPDX-License-Identifier: Apache-2.0
"""``github-oidc dev`` as a user runs it: in a process of its own, through pipes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from fastapi import FastAPI, Security

import github_oidc.server
from github_oidc.client import get_actions_header
from github_oidc.server import GithubOIDCClaims
from github_oidc.testing import FakeIssuer

COMMAND = [sys.executable, "-m", "github_oidc.cli"]
TIMEOUT_S = 60

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Run:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env={**os.environ, **environment},
        )

    return run


@contextlib.contextmanager
def running(
    *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A dev issuer and what it printed."""
    with subprocess.Popen(
        [*COMMAND, "dev", "issuer", "--algorithm", "ES256", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield process, printed_by(process)
        finally:
            process.kill()


def printed_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C stops it." in line:
            break
    return "".join(lines)


def url_in(printed: str) -> str:
    found = re.match(r"Local issuer  (http://127\.0\.0\.1:\d+)\n", printed)
    assert found
    return found[1]


def claims_of(token: str) -> dict[str, object]:
    return dict(jwt.decode(token.strip(), options={"verify_signature": False}))


@pytest.fixture(scope="module")
def dev_issuer() -> Iterator[str]:
    with running("--claim", "actor=monalisa") as (_, printed):
        yield url_in(printed)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 0)],
    ids=["ctrl-c", "stop"],
)
def test_a_signal_ends_it_cleanly(number: signal.Signals, status: int) -> None:
    with running() as (process, printed):
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT_S) == ("", "")
        assert process.returncode == status
        with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as client:
            client.get(url_in(printed))


def test_what_it_prints_works(run: Run) -> None:
    with running("--audience", "my api", COLUMNS="20") as (_, printed):
        url = url_in(printed)
        assert f'OIDC(audience="my api", issuer="{url}", algo' in printed
        exported = dict(
            shlex.split(line)[1].split("=", 1)
            for line in printed.splitlines()
            if line.strip().startswith("export ")
        )
        assert exported["GITHUB_ACTIONS"] == "true"
        secret = exported["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        with httpx.Client(trust_env=False) as client:
            token = client.get(
                exported["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=a",
                headers={"Authorization": f"bearer {secret}"},
            ).json()["value"]
        assert claims_of(token)["iss"] == url
        (command,) = (line for line in printed.splitlines() if "dev mint" in line)
        minted = run(*shlex.split(command)[1:])
        assert claims_of(minted.stdout)["aud"] == "my api"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_route_and_a_script_find_each_other(
    algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ("--repository", "acme/app", "--ref", "refs/tags/v1")
    with running(*job, "--algorithm", algorithm) as (_, printed):
        lines = [line.strip() for line in printed.splitlines()]
        (construct,) = (line for line in lines if "OIDC(audience=" in line)
        oidc = eval(construct, vars(github_oidc.server))  # noqa: S307
        app = FastAPI()

        @app.get("/who")
        def who(claims: GithubOIDCClaims = Security(oidc)) -> str | None:
            return claims.sub

        for line in lines:
            if line.startswith("export "):
                name, _, value = shlex.split(line)[1].partition("=")
                monkeypatch.setenv(name, value)
        header = get_actions_header("my-api")

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get("http://api.example/who", headers=header)

        answer = asyncio.run(call())
    assert answer.json() == "repo:acme/app:ref:refs/tags/v1"


def test_output_has_no_escapes_in_a_pipe() -> None:
    with running() as (_, printed):
        assert "\x1b" not in printed


def test_colours_are_a_choice() -> None:
    with running(FORCE_COLOR="1", NO_COLOR="1") as (_, printed):
        assert "\x1b[1mServer\x1b[0m" in printed
        assert not re.search(r"\x1b\[[\d;]*3\d", printed)
    with running(FORCE_COLOR="1", NO_COLOR="") as (_, printed):
        assert re.search(r"\x1b\[[\d;]*3\d", printed)


def test_the_job_has_the_given_claims(run: Run) -> None:
    options = ["--repository", "acme/app", "--environment", "production"]
    with running(*options, "--claim", "actor=") as (_, printed):
        minted = run("dev", "mint", "--issuer", url_in(printed))
    claims = claims_of(minted.stdout)
    assert claims["sub"] == "repo:acme/app:environment:production"
    assert claims["actor"] == ""


def test_env_file(tmp_path: Path) -> None:
    path = tmp_path / "job env"
    with running("--env-file", str(path), "--ref", "refs/heads/a b") as (process, text):
        assert f"source '{path}'" in text
        assert path.stat().st_mode & 0o777 == 0o600
        sourced = subprocess.run(
            ["sh", "-c", f'. "{path}"; echo "$GITHUB_REF $GITHUB_OIDC_DEV_ISSUER"'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert sourced.stdout == f"refs/heads/a b {url_in(text)}\n"
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT_S)
        assert not path.exists()


def test_env_file_of_a_dev_issuer_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "env"
    with running("--env-file", str(path)):
        pass
    assert path.exists()
    with running("--env-file", str(path)) as (_, printed):
        assert url_in(printed) in path.read_text()


def test_env_file_of_somebody_else_is_kept(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SECRET=1\n")
    refused = run("dev", "issuer", "--algorithm", "ES256", "--env-file", str(path))
    assert refused.returncode == 1
    assert "not of a dev issuer" in refused.stderr
    assert path.read_text() == "SECRET=1\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "loopback"),  # noqa: S104
        (["--algorithm", "HS256"], "algorithm is one of RS256"),
        (["--env-file", "/nowhere/env"], "No such file"),
    ],
    ids=["host", "algorithm", "env-file"],
)
def test_it_refuses_to_start_with_one_sentence(
    run: Run, options: list[str], sentence: str
) -> None:
    refused = run("dev", "issuer", *options)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("github-oidc: ")
    assert refused.stderr.count("\n") == 1
    assert sentence in refused.stderr


def test_a_port_that_is_taken(run: Run) -> None:
    with FakeIssuer(algorithm="ES256") as issuer:
        port = issuer.url.rpartition(":")[2]
        refused = run("dev", "issuer", "--algorithm", "ES256", "--port", port)
    assert refused.returncode == 1
    assert "in use" in refused.stderr


def test_mint_prints_a_token_and_nothing_else(run: Run, dev_issuer: str) -> None:
    minted = run(
        *("dev", "mint", "--issuer", dev_issuer, "--audience", "other"),
        *("--repository", "acme/app", "--claim", "extra=a=b", "--without", "jti"),
        *("--lifetime", "-60", "--immutable-subject"),
    )
    assert (minted.returncode, minted.stderr) == (0, "")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", minted.stdout)
    claims = claims_of(minted.stdout)
    assert (claims["aud"], claims["iss"]) == ("other", dev_issuer)
    assert (claims["actor"], claims["extra"]) == ("monalisa", "a=b")
    assert str(claims["sub"]).startswith("repo:acme@")
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == -60
    assert "jti" not in claims


def test_mint_takes_the_issuer_from_the_environment(run: Run, dev_issuer: str) -> None:
    minted = run("dev", "mint", GITHUB_OIDC_DEV_ISSUER=dev_issuer)
    assert claims_of(minted.stdout)["iss"] == dev_issuer


def test_mint_asks_no_proxy(run: Run, dev_issuer: str) -> None:
    minted = run("dev", "mint", "--issuer", dev_issuer, HTTP_PROXY="http://127.0.0.1:9")
    assert minted.returncode == 0


@pytest.mark.parametrize(
    ("issuer", "sentence"),
    [
        ("http://127.0.0.1:9", "no dev issuer answers"),
        ("http://127.0.0.1:99999", "no dev issuer answers"),
        (
            "https://token.actions.githubusercontent.com",
            "URL that `dev issuer` printed",
        ),
        ("http://192.0.2.1", "URL that `dev issuer` printed"),
        ("127.0.0.1:9", "URL that `dev issuer` printed"),
    ],
)
def test_mint_without_a_dev_issuer(run: Run, issuer: str, sentence: str) -> None:
    refused = run("dev", "mint", "--issuer", issuer)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_mint_from_an_issuer_that_does_not_offer_it(run: Run) -> None:
    with FakeIssuer(algorithm="ES256") as issuer:
        refused = run("dev", "mint", "--issuer", issuer.url)
    assert "no dev issuer answers" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [["--claim", "actor"], ["--claim", "=x"], ["--lifetime", "soon"], ["--unknown"]],
    ids=" ".join,
)
def test_wrong_usage(run: Run, dev_issuer: str, options: list[str]) -> None:
    refused = run("dev", "mint", "--issuer", dev_issuer, *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr
