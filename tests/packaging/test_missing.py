# SPDX-License-Identifier: Apache-2.0
"""What is missing is said in one sentence, by CMake and through pip alike."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Run

# The CMake arguments that make a thing absent, and the sentence that says so.
MISSING = {
    "compiler": (
        [],  # see the fixture without_compiler
        "A C++20 compiler is needed: install g++ (Debian, Ubuntu)",
    ),
    "openssl": (
        ["CMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"],
        "OpenSSL 3 with its headers is needed: install libssl-dev (Debian, Ubuntu)",
    ),
    "pybind11": (
        ["CMAKE_DISABLE_FIND_PACKAGE_pybind11=ON", "SKBUILD=ON"],
        "pybind11 3 is needed: run pip with build isolation, or install",
    ),
    "python": (
        ["CMAKE_DISABLE_FIND_PACKAGE_Python=ON", "SKBUILD=ON"],
        "Python's headers are needed: install python3-dev (Debian, Ubuntu)",
    ),
    "googletest": (
        ["CMAKE_DISABLE_FIND_PACKAGE_GTest=ON", "GITHUB_OIDC_TESTS=ON"],
        "GoogleTest is needed for the C++ tests: install libgtest-dev",
    ),
}
THROUGH_PIP = ("compiler", "openssl", "pybind11")


@pytest.fixture
def without_compiler(tmp_path: Path) -> dict[str, str]:
    """An environment in which the build tools are on PATH, and nothing else."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cmake", "ninja"):
        (tools / name).symlink_to(Path(sys.executable).with_name(name))
    return {"PATH": str(tools)}


def one_line(text: str) -> str:
    """CMake wraps its messages."""
    return " ".join(text.split())


@pytest.mark.parametrize("what", MISSING)
def test_cmake_says_what_to_install(
    what: str,
    clone: Path,
    run: Run,
    tmp_path: Path,
    without_compiler: dict[str, str],
) -> None:
    settings, sentence = MISSING[what]
    done = run(
        *("cmake", "-G", "Ninja", "-S", clone, "-B", tmp_path),
        *(f"-D{setting}" for setting in settings),
        cwd=tmp_path,
        check=False,
        **(without_compiler if what == "compiler" else {}),
    )
    assert done.returncode != 0
    assert sentence in one_line(done.stdout)
    assert done.stdout.count("CMake Error") == 1


@pytest.mark.parametrize("what", THROUGH_PIP)
def test_pip_shows_the_sentence(
    what: str,
    clone: Path,
    run: Run,
    tmp_path: Path,
    without_compiler: dict[str, str],
) -> None:
    settings, sentence = MISSING[what]
    done = run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", tmp_path, f"-Cbuild-dir={tmp_path}/build", clone),
        cwd=tmp_path,
        check=False,
        CMAKE_ARGS=" ".join(f"-D{setting}" for setting in settings),
        **(without_compiler if what == "compiler" else {}),
    )
    assert done.returncode != 0
    assert sentence in one_line(done.stdout)


def test_a_compiler_that_was_named_and_is_not_there(
    clone: Path, run: Run, tmp_path: Path
) -> None:
    done = run(
        *("cmake", "-G", "Ninja", "-S", clone, "-B", tmp_path / "build"),
        cwd=tmp_path,
        check=False,
        CXX="/nowhere/c++",
    )
    assert done.returncode != 0
    assert MISSING["compiler"][1] in one_line(done.stdout)


def test_an_old_openssl_is_not_enough(clone: Path, run: Run, tmp_path: Path) -> None:
    header = tmp_path / "old/include/openssl/opensslv.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define OPENSSL_VERSION_NUMBER 0x1010100fL\n", encoding="utf-8")
    library = tmp_path / "old/lib/libcrypto.a"
    library.parent.mkdir()
    library.touch()
    done = run(
        *("cmake", "-G", "Ninja", "-S", clone, "-B", tmp_path / "build"),
        f"-DOPENSSL_INCLUDE_DIR={header.parent.parent}",
        f"-DOPENSSL_CRYPTO_LIBRARY={library}",
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode != 0
    assert MISSING["openssl"][1] in one_line(done.stdout)
