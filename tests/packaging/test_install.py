# SPDX-License-Identifier: Apache-2.0
"""pip installs the sdist, uv installs the clone, and what they install works."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .conftest import Run

# These compile the extension, each once.
pytestmark = pytest.mark.timeout(900)

USE = """
import github_oidc, github_oidc._core
from github_oidc import GITHUB_ISSUER, Verifier
print(Verifier(issuer=GITHUB_ISSUER, audience="a").audiences, github_oidc.__file__)
"""


@pytest.fixture(scope="module")
def wheel(sdist: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes of the sdist alone, with build isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
        *("--wheel-dir", folder, sdist),
        cwd=folder,
    )
    [made] = folder.iterdir()
    return made


def test_the_sdist_holds_what_building_and_testing_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    for wanted in (
        "PKG-INFO",
        "LICENSE",
        "README.md",
        "CMakeLists.txt",
        "pyproject.toml",
        "cpp/include/github_oidc/errc.def",
        "cpp/src/verifier.cpp",
        "cpp/bindings/module.cpp",
        "python/github_oidc/py.typed",
        "tests/packaging/test_install.py",
    ):
        assert wanted in names
    for name in names:
        assert not name.startswith((".", "build", "dist"))
        assert "__pycache__" not in name


def test_the_wheel_holds_types_and_no_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith("/METADATA")]
        text = archive.read(metadata).decode()
    assert "github_oidc/py.typed" in names
    assert "github_oidc/_core.pyi" in names
    assert [name for name in names if name.startswith("github_oidc/_core.cpython")]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"github_oidc"}
    unwanted = (".cpp", ".hpp", ".def", ".a", ".cmake", ".pyc")
    assert not [name for name in names if name.endswith(unwanted)]
    assert "License-Expression: Apache-2.0" in text
    assert "Requires-Python: >=3.10" in text
    for extra in ("server", "testing", "cli", "all"):
        assert f"Provides-Extra: {extra}\n" in text


def test_the_wheel_works_in_an_empty_environment(
    wheel: Path, run: Run, tmp_path: Path
) -> None:
    run("uv", "venv", "--quiet", "--python", sys.executable, "v", cwd=tmp_path)
    target = ("uv", "pip", "install", "--quiet", "--python", "v/bin/python")
    run(*target, f"{wheel}[cli]", cwd=tmp_path)
    used = run("v/bin/python", "-I", "-W", "error", "-c", USE, cwd=tmp_path)
    assert used.stdout.startswith("('a',)")
    assert str(tmp_path) in used.stdout
    assert "dev" in run("v/bin/github-oidc", "--help", cwd=tmp_path).stdout
    # FastAPI is an extra: its absence is one sentence.
    absent = run(
        "v/bin/python", "-c", "import github_oidc.server", cwd=tmp_path, check=False
    )
    assert 'pip install "github-oidc[server]"' in absent.stdout.splitlines()[-1]


def test_uv_installs_the_clone(clone: Path, run: Run, tmp_path: Path) -> None:
    run("uv", "venv", "--quiet", "--python", sys.executable, "v", cwd=tmp_path)
    python = tmp_path / "v/bin/python"
    # Without optimisation it takes a third of the time; pip's wheel is the real one.
    run(
        *("uv", "pip", "install", "--quiet", "--python", python, ".[server]"),
        cwd=clone,
        SKBUILD_CMAKE_BUILD_TYPE="Debug",
    )
    used = run(
        python, "-I", "-W", "error", "-c", USE + "import github_oidc.server", cwd=clone
    )
    assert used.stdout.startswith("('a',)")
    # The clone stays as it was.
    assert not (clone / "build").exists()
