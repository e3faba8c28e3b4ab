# SPDX-License-Identifier: Apache-2.0
"""Every file says its licence, stays readable and speaks of this project alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .sources import ROOT, own_files

LICENSED = {".py", ".pyi", ".hpp", ".cpp", ".def", ".toml", ".yml", ".yaml", ".cmake"}
ALSO_LICENSED = {"CMakeLists.txt", "Makefile", "run", ".clang-format", ".clang-tidy"}
# Put together here, so that this file does not hold what it looks for.
FORBIDDEN = [
    "/wo" + "rk/",
    "tmp/" + "plan",
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry." + "npmjs",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "repo1." + "maven",
    "deb.debian" + ".org",
]
SOURCE_FOLDERS = ("cpp/include", "cpp/src", "cpp/bindings", "python")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_has_one_spdx_line_at_its_top() -> None:
    wanted = [
        path
        for path in own_files()
        if path.suffix in LICENSED or path.name in ALSO_LICENSED
    ]
    assert len(wanted) > 50
    wrong = []
    for path in wanted:
        lines = path.read_text(encoding="utf-8").splitlines()
        marks = [line for line in lines if "SPDX-License-Identifier" in line[:30]]
        top = "\n".join(lines[:2])
        if len(marks) != 1 or "SPDX-License-Identifier: Apache-2.0" not in top:
            wrong.append(name_of(path))
    assert wrong == []


def test_nothing_names_a_machine_or_a_registry() -> None:
    wrong = []
    for path in own_files():
        text = path.read_bytes().decode("utf-8", errors="replace").lower()
        wrong += [(name_of(path), word) for word in FORBIDDEN if word in text]
    assert wrong == []


def test_text_files_end_with_one_line_break_and_no_spaces() -> None:
    wrong = []
    for path in own_files():
        if path.suffix not in LICENSED | {".md", ".in"} or path.stat().st_size == 0:
            continue
        text = path.read_text(encoding="utf-8")
        trailing = any(line != line.rstrip() for line in text.split("\n"))
        if trailing or not text.endswith("\n") or text.endswith("\n\n") or "\r" in text:
            wrong.append(name_of(path))
    assert wrong == []


def test_source_files_stay_readable() -> None:
    long = {
        name_of(path): lines
        for folder in SOURCE_FOLDERS
        for path in (ROOT / folder).rglob("*.[chp]*")
        if path.suffix in (".py", ".hpp", ".cpp")
        if path.name != "_reasons.py"
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_the_top_level_is_short() -> None:
    """pyproject.toml, CMakeLists.txt, README.md, LICENSE and Makefile beside dots."""
    files = {
        path.name
        for path in ROOT.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }
    known = {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "Makefile"}
    # An unpacked sdist has its metadata there, too.
    assert files - {"PKG-INFO"} == known


@pytest.mark.parametrize("generated", ["_reasons.py", "errors.md"])
def test_generated_files_are_current(generated: str) -> None:
    script = ROOT / "cpp/expand_reasons.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated not in done.stdout
