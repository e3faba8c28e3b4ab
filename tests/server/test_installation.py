# SPDX-License-Identifier: Apache-2.0
"""What is said when something is missing, or is there that should not be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import github_oidc


def run(code: str, *, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    package = Path(github_oidc.__file__).parent.parent
    places = [str(place) for place in (path, package) if place is not None]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_missing_fastapi_is_one_sentence() -> None:
    done = run("import sys; sys.modules['fastapi'] = None; import github_oidc.server")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last == (
        "ModuleNotFoundError: github_oidc.server needs FastAPI; install it with: "
        'pip install "github-oidc[server]"'
    )
    # No second error that led to it.
    assert done.stderr.count("Traceback") == 1


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder that holds what fastapi-github-oidc installs."""
    metadata = tmp_path / "fastapi_github_oidc-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fastapi-github-oidc\nVersion: 0.1\n"
    )
    (tmp_path / "github_oidc").mkdir()
    (tmp_path / "github_oidc" / "server.py").write_text("GithubOIDC = None\n")
    return tmp_path


def test_the_other_package_of_the_same_name_is_said(
    foreign: Path, tmp_path: Path
) -> None:
    script = tmp_path / "application.py"
    script.write_text("from github_oidc.server import GithubOIDC\nprint(GithubOIDC)\n")
    done = run(f"import runpy; runpy.run_path({str(script)!r})", path=foreign)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "<class 'github_oidc.server.github.GithubOIDC'>\n"
    assert f"{script}:1: UserWarning: fastapi-github-oidc" in done.stderr
    assert "pip uninstall fastapi-github-oidc" in done.stderr


def test_without_it_nothing_is_said() -> None:
    done = run("import github_oidc.server")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
