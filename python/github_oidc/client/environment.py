# SPDX-License-Identifier: Apache-2.0
"""The job's environment: where to ask for a token, or why that is not possible."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from ..errors import ActionsTokenError, ConfigurationError
from .origin import Origin
from .token import Secret

__all__ = ["TokenEndpoint", "token_endpoint"]

_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  a name
_DEPENDABOT: Final = "dependabot[bot]"
_MAX_EVENT_BYTES: Final = 1024 * 1024
# RFC 9110 5.5: an unusual character would end up in the message of a lower layer.
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")

_PERMISSIONS: Final = """

permissions:
  id-token: write
  contents: read
"""

_NOT_ON_ACTIONS: Final = (
    f"{_URL} and {_TOKEN} are not both set, nor is GITHUB_ACTIONS. On your own "
    "machine, run `github-oidc dev issuer`, which stands in for GitHub. In a container "
    "that a job starts itself, hand in both variables."
)
_UNDER_ACT: Final = (
    "act runs this workflow, and it issues no ID tokens. Run `github-oidc dev issuer`, "
    f"which stands in for GitHub, and hand {_URL} and {_TOKEN} to act with --env."
)
_PERMISSION_MISSING: Final = (
    f"{_URL} and {_TOKEN} are not both set. Add this to the job or to the workflow; a "
    "reusable workflow needs it in the calling job, too:" + _PERMISSIONS
)
_FORK: Final = (
    "The pull request comes from a fork, and GitHub gives such a run no ID token, "
    "whatever its permissions say. Run the step after the merge, or skip it there with "
    "`if: github.event.pull_request.head.repo.full_name == github.repository`."
)
_DEPENDABOT_RUN: Final = (
    "Dependabot triggered this run, and GitHub gives such a run a read-only token by "
    "default. Skip the step there, with `if: github.actor != 'dependabot[bot]'`, or "
    "grant the permission to the job by name:" + _PERMISSIONS
)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where this job asks for tokens.

    Attributes:
        url: the request URL with its query.
        request_token: what authenticates the job there.
        origin: of the URL, for messages.
        on_actions: whether a runner reads this process's output.
    """

    url: Secret
    request_token: Secret
    origin: Origin
    on_actions: bool


def token_endpoint(
    environ: Mapping[str, str],
) -> TokenEndpoint | ActionsTokenError | ConfigurationError:
    """The endpoint that the environment names, or the error that says what is missing.

    The error is returned and not raised: the environment holds secrets, and a frame
    that raises shows its arguments in a traceback with locals.
    """
    url, request_token = environ.get(_URL, ""), environ.get(_TOKEN, "")
    if not (url and request_token):
        return _what_is_missing(environ)
    if _HEADER_SAFE.fullmatch(request_token) is None:
        return ConfigurationError(f"{_TOKEN} holds a character that no token has")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        parsed = httpx.URL()
    origin = Origin.of(parsed)
    if not origin.host or parsed.scheme not in ("http", "https") or parsed.userinfo:
        return ConfigurationError(f"{_URL} is not a URL of the form https://host/path")
    if not origin.is_secure:
        return ActionsTokenError(
            "insecure_url", detail=f"{_URL} names {origin}: https is required."
        )
    on_actions = environ.get("GITHUB_ACTIONS") == "true"
    return TokenEndpoint(Secret(url), Secret(request_token), origin, on_actions)


def _what_is_missing(environ: Mapping[str, str]) -> ActionsTokenError:
    if environ.get("ACT") == "true":
        return ActionsTokenError("not_on_actions", detail=_UNDER_ACT)
    if environ.get("GITHUB_ACTIONS") != "true":
        return ActionsTokenError("not_on_actions", detail=_NOT_ON_ACTIONS)
    actors = (environ.get("GITHUB_ACTOR"), environ.get("GITHUB_TRIGGERING_ACTOR"))
    if _DEPENDABOT in actors:
        return ActionsTokenError("dependabot_run", detail=_DEPENDABOT_RUN)
    if _is_fork_pull_request(environ):
        return ActionsTokenError("fork_pull_request", detail=_FORK)
    return ActionsTokenError("id_token_permission_missing", detail=_PERMISSION_MISSING)


def _is_fork_pull_request(environ: Mapping[str, str]) -> bool:
    # A pull_request_target run belongs to the base repository, and may have tokens.
    if environ.get("GITHUB_EVENT_NAME") == "pull_request_target":
        return False
    pull_request = _member(_event(environ.get("GITHUB_EVENT_PATH", "")), "pull_request")
    head, base = _member(pull_request, "head"), _member(pull_request, "base")
    if not (head and base):
        return False
    # GitHub writes null for the repository of a fork that has been deleted.
    if "repo" in head and head["repo"] is None:
        return True
    head_repo, base_repo = _member(head, "repo"), _member(base, "repo")
    names = head_repo.get("full_name"), base_repo.get("full_name")
    if all(isinstance(name, str) for name in names):
        return names[0] != names[1]
    # The flag alone says less: pull requests within a fork carry it, too.
    return head_repo.get("fork") is True


def _event(path: str) -> object:
    """The webhook payload, or None where it cannot be read: it only explains."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_EVENT_BYTES + 1)
        return json.loads(text) if len(text) <= _MAX_EVENT_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None


def _member(value: object, name: str) -> dict[str, object]:
    member = value.get(name) if isinstance(value, dict) else None
    return member if isinstance(member, dict) else {}
