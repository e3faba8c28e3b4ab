# SPDX-License-Identifier: Apache-2.0
"""The files of the source tree, and what they import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["PACKAGE", "ROOT", "Import", "imports", "includes", "modules", "own_files"]

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python/github_oidc"
_KEPT = (
    ".ci",
    "actions",
    "cpp",
    "deploy",
    "docs",
    "examples",
    "python",
    "server",
    "tests",
)
_NOT_OURS = {"__pycache__", "node_modules", ".hypothesis", ".pytest_cache"}


class Import(NamedTuple):
    """One imported module, by its full name, and where."""

    name: str
    line: int
    when_loaded: bool


def own_files() -> list[Path]:
    """Every file that belongs to the repository."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    below = [
        path
        for folder in _KEPT
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not _NOT_OURS & set(path.relative_to(ROOT).parts)
    ]
    return sorted(top + below)


def modules() -> list[Path]:
    """The Python modules of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[Import]:
    """What a module of the package imports, relative names resolved."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")), parts, True)


def _imports(node: ast.AST, parts: tuple[str, ...], loaded: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, loaded)
        elif isinstance(child, ast.ImportFrom):
            for name in _from(child, parts):
                yield Import(name, child.lineno, loaded)
        else:
            inside = loaded and not isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef
            )
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inside = False
            yield from _imports(child, parts, inside)


def _from(node: ast.ImportFrom, parts: tuple[str, ...]) -> list[str]:
    base = [*parts[: len(parts) - node.level]] if node.level else []
    base += node.module.split(".") if node.module else []
    # `from . import x` names modules; `from .x import y` names one module.
    if node.level and not node.module:
        return [".".join([*base, alias.name]) for alias in node.names]
    return [".".join(base)]


def includes(path: Path) -> list[str]:
    """What a C++ file includes, as it is written between the quotes or brackets."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE)
