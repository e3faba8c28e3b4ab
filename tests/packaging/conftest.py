# SPDX-License-Identifier: Apache-2.0
"""A fresh copy of the sources, and programs run as a newcomer would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a clone holds that building needs or must not mind.
CLONED = (
    "CMakeLists.txt",
    "LICENSE",
    "Makefile",
    "README.md",
    "cpp",
    "docs",
    "examples",
    "pyproject.toml",
    "python",
    "tests",
)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources without git, without what was built from them."""
    folder = tmp_path_factory.mktemp("clone") / "github-oidc"
    folder.mkdir()
    leave_out = shutil.ignore_patterns("__pycache__", "node_modules", "build", ".*")
    for name in CLONED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=leave_out)
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a program; the tools of the development environment are on its PATH."""
    tools = str(Path(sys.executable).parent)

    def run(
        *command: str | Path, cwd: Path, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([tools, os.environ["PATH"]])
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, "PATH": path, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    return run


@pytest.fixture(scope="session")
def sdist(clone: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, made from the clone."""
    folder = tmp_path_factory.mktemp("sdist")
    run(
        *(sys.executable, "-m", "build", "--sdist", "--no-isolation"),
        *("--outdir", folder, "."),
        cwd=clone,
    )
    [made] = folder.iterdir()
    return made
