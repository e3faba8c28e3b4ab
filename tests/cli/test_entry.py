# SPDX-License-Identifier: Apache-2.0
"""How the command starts: its version, its help, and what may be missing."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from github_oidc.cli import main


def start(
    *arguments: str, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The command in a process where some packages cannot be imported."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({without!r}));"
        "sys.argv[0] = 'github-oidc';"
        "from github_oidc.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version() -> None:
    ran = start("--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"github-oidc {metadata.version('github-oidc')}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], "dev"), (["--help"], "--version"), (["dev", "--help"], "issuer")],
)
def test_help(arguments: list[str], expected: str) -> None:
    ran = start(*arguments)
    assert expected in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("missing", ["typer", "rich", "cryptography"])
def test_a_missing_extra_is_one_sentence(missing: str) -> None:
    ran = start("dev", "issuer", without=(missing,))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"github-oidc: {missing} is not installed: "
        'pip install "github-oidc[cli,testing]"\n'
    )


def test_help_needs_neither_keys_nor_network() -> None:
    heavy = ("cryptography", "httpx", "fastapi", "github_oidc._core")
    assert start("dev", "--help", without=heavy).returncode == 0


def test_another_missing_module_is_a_defect_and_shown() -> None:
    ran = start("dev", "issuer", without=("http.server",))
    assert "Traceback" in ran.stderr


def test_output_that_nobody_reads() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "github_oidc.cli", "--version"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_main_is_what_the_script_runs() -> None:
    (script,) = (
        entry
        for entry in metadata.entry_points(group="console_scripts")
        if entry.name == "github-oidc"
    )
    assert script.load() is main
