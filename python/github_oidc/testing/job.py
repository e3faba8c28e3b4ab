# SPDX-License-Identifier: Apache-2.0
"""The claims and environment variables of a GitHub Actions job, coherent by default."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Final

__all__ = ["GITHUB_CLAIMS", "job_claims", "job_environment"]

GITHUB_CLAIMS: Final[tuple[str, ...]] = (
    "actor",
    "actor_id",
    "base_ref",
    "check_run_id",
    "enterprise",
    "enterprise_id",
    "environment",
    "environment_node_id",
    "event_name",
    "head_ref",
    "issuer_scope",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
)
"""GitHub's own claims (OpenID Connect reference), beside the registered ones."""

_PULL_REQUEST_EVENTS: Final = ("pull_request", "pull_request_target")


def _id_of(name: str) -> str:
    """A stable id, so that another repository or owner has another id too."""
    return str(zlib.crc32(name.lower().encode()) + 1)


def _sha_of(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


class _Defaults:
    """Claims being completed: a given one stands, also when given as None."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self.claims: dict[str, object] = dict(given)

    def __call__(self, claim: str, default: str) -> str:
        """Settle one claim. The text that others derive from; "" for a removed one."""
        value = self.claims.setdefault(claim, default)
        return "" if value is None else str(value)


def _complete_repository(settle: _Defaults) -> None:
    owner = settle.claims.get("repository_owner") or "octo-org"
    repository = settle("repository", f"{owner}/octo-repo")
    owner = settle("repository_owner", repository.partition("/")[0])
    settle("repository_id", _id_of(repository))
    settle("repository_owner_id", _id_of(owner))
    settle("repository_visibility", "private")
    if settle.claims.get("enterprise") is not None:
        settle("enterprise_id", _id_of(f"enterprise {settle.claims['enterprise']}"))
        settle("issuer_scope", "enterprise")


def _complete_ref(settle: _Defaults) -> None:
    event = settle("event_name", "push")
    of_pull_request = event in _PULL_REQUEST_EVENTS
    merge = event == "pull_request"
    ref = settle("ref", "refs/pull/1/merge" if merge else "refs/heads/main")
    settle("ref_type", "tag" if ref.startswith("refs/tags/") else "branch")
    settle("ref_protected", "true" if ref == "refs/heads/main" else "false")
    settle("base_ref", "main" if of_pull_request else "")
    settle("head_ref", "feature" if of_pull_request else "")


def _complete_run(settle: _Defaults) -> None:
    repository = str(settle.claims["repository"] or "")
    ref = str(settle.claims["ref"] or "")
    actor = settle("actor", "octocat")
    settle("actor_id", _id_of(actor))
    sha = settle("sha", _sha_of(f"{repository}@{ref}"))
    settle("workflow", "ci")
    path = f"{repository}/.github/workflows/ci.yml"
    # An ordinary job names its own workflow here; a reusable workflow's job names
    # the called one in job_workflow_ref, and the caller in workflow_ref.
    workflow_ref = settle("workflow_ref", f"{path}@{ref}")
    settle("workflow_sha", sha)
    settle("job_workflow_ref", workflow_ref)
    settle("job_workflow_sha", sha)
    settle("check_run_id", "51234567890")
    settle("run_id", "9876543210")
    settle("run_number", "1042")
    settle("run_attempt", "1")
    settle("runner_environment", "github-hosted")


def _complete_subject(settle: _Defaults, immutable: bool) -> None:
    claims = settle.claims
    owner, _, name = str(claims["repository"] or "").partition("/")
    if immutable:
        owner = f"{owner}@{claims['repository_owner_id']}"
        name = f"{name}@{claims['repository_id']}"
    environment = claims.get("environment")
    if environment is not None:
        settle("environment_node_id", f"EN_{_id_of(f'{name} {environment}')}")
        escaped = str(environment).replace(":", "%3A")
        context = f"environment:{escaped}"
    elif claims["event_name"] in _PULL_REQUEST_EVENTS:
        context = "pull_request"
    else:
        context = "ref:" + str(claims["ref"] or "").replace(":", "%3A")
    settle("sub", f"repo:{owner}/{name}:{context}")


def job_claims(
    given: Mapping[str, object], *, immutable_subject: bool = False
) -> dict[str, object]:
    """The claims of a job: the given ones, and every other derived from them.

    Ids follow from names, ``sub`` from repository, environment, event and ref, the
    workflow refs from repository and ref. A claim given as None stays None, so that
    the caller can leave it out. All values are strings, as GitHub's are.

    Args:
        given: the claims that matter to a test; kept exactly as they are.
        immutable_subject: ``sub`` as ``repo:OWNER@ID/NAME@ID:...`` instead of
            ``repo:OWNER/NAME:...``.
    """
    settle = _Defaults(given)
    _complete_repository(settle)
    _complete_ref(settle)
    _complete_run(settle)
    _complete_subject(settle, immutable_subject)
    return settle.claims


_VARIABLES: Final = {
    "GITHUB_ACTOR": "actor",
    "GITHUB_ACTOR_ID": "actor_id",
    "GITHUB_BASE_REF": "base_ref",
    "GITHUB_EVENT_NAME": "event_name",
    "GITHUB_HEAD_REF": "head_ref",
    "GITHUB_REF": "ref",
    "GITHUB_REF_PROTECTED": "ref_protected",
    "GITHUB_REF_TYPE": "ref_type",
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_REPOSITORY_ID": "repository_id",
    "GITHUB_REPOSITORY_OWNER": "repository_owner",
    "GITHUB_REPOSITORY_OWNER_ID": "repository_owner_id",
    "GITHUB_RUN_ATTEMPT": "run_attempt",
    "GITHUB_RUN_ID": "run_id",
    "GITHUB_RUN_NUMBER": "run_number",
    "GITHUB_SHA": "sha",
    "GITHUB_WORKFLOW": "workflow",
    "GITHUB_WORKFLOW_REF": "workflow_ref",
    "GITHUB_WORKFLOW_SHA": "workflow_sha",
    "RUNNER_ENVIRONMENT": "runner_environment",
}


def job_environment(claims: Mapping[str, object]) -> dict[str, str]:
    """The variables that the runner sets for a job with these claims."""
    environment = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
    }
    for variable, claim in _VARIABLES.items():
        value = claims.get(claim)
        if value is not None:
            environment[variable] = str(value)
    ref = environment.get("GITHUB_REF", "")
    environment["GITHUB_REF_NAME"] = ref.split("/", 2)[-1]
    return environment
