# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from github_oidc.client.environment import TokenEndpoint, token_endpoint
from github_oidc.errors import GithubOIDCError

URL = "https://endpoint.actions.example/path?api-version=2.0&run=run-secret"
BOTH = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": URL,
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token-secret",
}
ACTIONS = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}
YAML = "permissions:\n  id-token: write\n  contents: read\n"


def refusal(environ: dict[str, str]) -> GithubOIDCError:
    found = token_endpoint(environ)
    assert isinstance(found, GithubOIDCError)
    return found


def pull_request(head: object, base: object) -> dict[str, object]:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}


def event_of(
    tmp_path: Path, event: object, name: str = "pull_request"
) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
    return ACTIONS | {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}


FORK = pull_request({"full_name": "them/r", "fork": True}, {"full_name": "us/r"})


def test_both_variables_are_enough() -> None:
    found = token_endpoint(BOTH)
    assert isinstance(found, TokenEndpoint)
    assert found.url.reveal() == URL
    assert found.request_token.reveal() == "request-token-secret"
    assert not found.on_actions


def test_a_runner_reads_the_output() -> None:
    found = token_endpoint(BOTH | ACTIONS)
    assert isinstance(found, TokenEndpoint)
    assert found.on_actions


@pytest.mark.parametrize("missing", [*BOTH, "both"])
@pytest.mark.parametrize("how", ["unset", "empty"])
def test_permission_missing_shows_what_to_paste(missing: str, how: str) -> None:
    environ = BOTH | ACTIONS
    for name in BOTH if missing == "both" else [missing]:
        environ[name] = ""
        if how == "unset":
            del environ[name]
    refused = refusal(environ)
    assert refused.code == "id_token_permission_missing"
    assert YAML in str(refused)


def test_not_on_actions_names_the_stand_in() -> None:
    refused = refusal({})
    assert refused.code == "not_on_actions"
    assert "github-oidc dev issuer" in str(refused)


def test_act_is_not_actions() -> None:
    refused = refusal(ACTIONS | {"ACT": "true"})
    assert refused.code == "not_on_actions"
    assert "--env" in str(refused)


@pytest.mark.parametrize("name", ["GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR"])
def test_dependabot(name: str) -> None:
    refused = refusal(ACTIONS | {name: "dependabot[bot]"})
    assert refused.code == "dependabot_run"
    assert YAML in str(refused)


@pytest.mark.parametrize(
    "head",
    [{"full_name": "them/r"}, {"fork": True}, None],
    ids=["another name", "only the flag", "a deleted fork"],
)
def test_fork_pull_request(tmp_path: Path, head: object) -> None:
    environ = event_of(tmp_path, pull_request(head, {"full_name": "us/r"}))
    assert refusal(environ).code == "fork_pull_request"


@pytest.mark.parametrize(
    "event",
    [
        pull_request({"full_name": "us/r", "fork": True}, {"full_name": "us/r"}),
        pull_request({"full_name": 1}, {"full_name": 2}),
        {"pull_request": {"head": {}, "base": {"repo": None}}},
        {"pull_request": "text"},
        ["pull_request"],
        b"{",
        b"\xff",
        b"[" * 100_000,
        json.dumps(FORK).encode() + b" " * 1024 * 1024,
    ],
    ids=[
        "within a fork",
        "names of another type",
        "nothing inside",
        "of another type",
        "an array",
        "cut off",
        "not UTF-8",
        "nested deeply",
        "too large",
    ],
)
def test_an_event_that_shows_no_fork(tmp_path: Path, event: object) -> None:
    refused = refusal(event_of(tmp_path, event))
    assert refused.code == "id_token_permission_missing"


def test_pull_request_target_could_have_tokens(tmp_path: Path) -> None:
    refused = refusal(event_of(tmp_path, FORK, "pull_request_target"))
    assert refused.code == "id_token_permission_missing"


@pytest.mark.parametrize("path", ["/nonexistent", "/", "", "\0"])
def test_no_event_to_read(path: str) -> None:
    refused = refusal(ACTIONS | {"GITHUB_EVENT_PATH": path})
    assert refused.code == "id_token_permission_missing"


@pytest.mark.parametrize(
    "url",
    [
        "http://endpoint.actions.example/secret?secret=1",
        "http://127.0.0.1.evil.example/?secret=1",
        "http://localhost.evil.example/?secret=1",
        "http://128.0.0.1/?secret=1",
        "http://[::2]/?secret=1",
        "http://0.0.0.0/?secret=1",
    ],
)
def test_the_request_token_is_not_sent_in_the_clear(url: str) -> None:
    refused = refusal(BOTH | {"ACTIONS_ID_TOKEN_REQUEST_URL": url})
    assert refused.code == "insecure_url"
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/", "http://127.9.9.9/", "http://[::1]:9", "http://LocalHost"],
)
def test_this_machine_needs_no_https(url: str) -> None:
    found = token_endpoint(BOTH | {"ACTIONS_ID_TOKEN_REQUEST_URL": url})
    assert isinstance(found, TokenEndpoint)


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "/secret?secret",
        "https://",
        "https:///secret",
        "file:///secret",
        "ftp://host/secret",
        "wss://host/secret",
        "https://user:secret@host/",
        "https://host/\nsecret",
        "https://host:secret/",
        "https://host/" + "secret" * 20_000,
    ],
)
def test_no_usable_url(url: str) -> None:
    refused = refusal(BOTH | {"ACTIONS_ID_TOKEN_REQUEST_URL": url})
    assert refused.code == "invalid_configuration"
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in str(refused)
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    "token", ["secret\n", "se cret", "sécret", "secret\0", "\udcff"]
)
def test_a_request_token_that_is_no_header(token: str) -> None:
    refused = refusal(BOTH | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": token})
    assert refused.code == "invalid_configuration"
    assert "cret" not in str(refused)


def test_repr_shows_no_secret() -> None:
    assert "secret=" not in repr(token_endpoint(BOTH))
    assert "run-secret" not in repr(token_endpoint(BOTH))
    assert "request-token" not in repr(token_endpoint(BOTH))
