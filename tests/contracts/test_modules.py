# SPDX-License-Identifier: Apache-2.0
"""Every module says what is public, and a door loads no more than it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import github_oidc
from github_oidc import _core
from github_oidc._reasons import REASONS

from .sources import PACKAGE, ROOT, modules

# The errors are one tree; a part of it would be harder to find than the whole.
LONG_LISTS = {"errors.py": 14}
FOLDERS = [path for path in modules() if path.name == "__init__.py"]
OTHERS = [path for path in modules() if path.name not in ("__init__.py", "__main__.py")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def public_names(tree: ast.Module) -> list[str]:
    """The value of ``__all__``, which has to be written out."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if [ast.unparse(target) for target in targets] == ["__all__"]:
                assert node.value is not None
                names: list[str] = ast.literal_eval(node.value)
                return names
    raise AssertionError("no __all__")


@pytest.mark.parametrize("module", [*FOLDERS, *OTHERS], ids=name_of)
def test_public_names_are_few_and_exist(module: Path) -> None:
    names = public_names(tree_of(module))
    assert len(names) == len(set(names)) <= LONG_LISTS.get(module.name, 12)
    assert not [name for name in names if name.startswith("_")]


@pytest.mark.parametrize("module", OTHERS, ids=name_of)
def test_what_a_module_offers_is_defined_in_it(module: Path) -> None:
    tree = tree_of(module)
    defined = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.ImportFrom) and node.level:
            defined |= {alias.asname or alias.name for alias in node.names}
    assert set(public_names(tree)) <= defined


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_only_re_exports(folder: Path) -> None:
    allowed_functions = {"__getattr__", "__dir__"}
    for node in tree_of(folder).body:
        assert not isinstance(node, ast.ClassDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.FunctionDef):
            assert node.name in allowed_functions


def test_the_package_gives_each_of_its_names() -> None:
    assert {getattr(github_oidc, name).__name__ for name in ("Verifier", "KeySource")}
    assert set(github_oidc.__all__) <= set(dir(github_oidc))
    for name in github_oidc.__all__:
        assert getattr(github_oidc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'decode'"):
        _ = github_oidc.decode


def test_python_and_the_core_know_the_same_reasons() -> None:
    assert {row[0]: row[1:] for row in _core.reasons()} == {
        code: tuple(reason) for code, reason in REASONS.items()
    }


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("github_oidc", ["github_oidc._core", "pydantic", "httpx", "fastapi"]),
        ("github_oidc.errors", ["github_oidc._core", "pydantic", "httpx"]),
        ("github_oidc.client", ["github_oidc._core", "pydantic", "fastapi"]),
        ("github_oidc.testing.plugin", ["github_oidc._core", "cryptography", "httpx"]),
        ("github_oidc.cli", ["github_oidc._core", "typer", "rich", "httpx", "fastapi"]),
        ("github_oidc.server", ["cryptography", "typer", "pytest", "uvicorn"]),
    ],
)
def test_a_door_loads_no_more_than_it_needs(module: str, absent: list[str]) -> None:
    script = f"import sys, {module}; print(*sorted(set({absent}) & sys.modules.keys()))"
    # -I: neither this folder nor the environment adds anything.
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_the_stubs_and_the_marker_are_installed() -> None:
    installed = Path(str(github_oidc.__file__)).parent
    assert installed != PACKAGE, "the tests run against what a user would install"
    assert (installed / "py.typed").is_file()
    assert (installed / "_core.pyi").is_file()
