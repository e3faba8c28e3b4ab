# SPDX-License-Identifier: Apache-2.0
"""`make demo` runs, shows what it promises and ends well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "examples/demo/run.py"


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    """The demo in a terminal of 100 columns, without colours."""
    quiet = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITHUB_", "ACTIONS_"))
    }
    return subprocess.run(
        [sys.executable, str(RUN)],
        env={**environment, **quiet},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_ends_well(demo: subprocess.CompletedProcess[str]) -> None:
    assert (demo.returncode, demo.stderr) == (0, "")


def test_the_job_is_let_in_with_typed_claims(
    demo: subprocess.CompletedProcess[str],
) -> None:
    rows = {
        tuple(line.split()) for line in demo.stdout.splitlines() if line.startswith(" ")
    }
    assert ("repository", "octo-org/rocket", "str") in rows
    assert ("run_attempt", "1", "int") in rows
    assert ("ref_protected", "True", "bool") in rows
    assert "/deploy: 200" in demo.stdout


@pytest.mark.parametrize(
    ("defect", "code"),
    [
        ("an hour old", "token_expired"),
        ("meant for another service", "audience_mismatch"),
        ("signed by somebody else", "invalid_signature"),
    ],
)
def test_bad_tokens_are_refused(
    demo: subprocess.CompletedProcess[str], defect: str, code: str
) -> None:
    [row] = [line for line in demo.stdout.splitlines() if defect in line]
    assert row.split(defect)[1].split()[:2] == ["401", code]


def test_no_token_is_shown(demo: subprocess.CompletedProcess[str]) -> None:
    # Every JOSE header begins with `{"`.
    assert "eyJ" not in demo.stdout
