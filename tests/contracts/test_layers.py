# SPDX-License-Identifier: Apache-2.0
"""The arrows between the parts point one way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .sources import PACKAGE, ROOT, imports, includes, modules

# Each part of the package, and the parts that it may import.
MAY_IMPORT = {
    "__init__": {"errors", "issuers", "keys", "verifier"},
    "_reasons": set(),
    "errors": {"_reasons"},
    "issuers": {"errors"},
    "claims": {"_core", "errors"},
    "verifier": {"_core", "claims", "errors", "issuers"},
    "keys": {"_core", "claims", "errors", "issuers", "verifier"},
    "server": {"claims", "errors", "issuers", "keys", "verifier"},
    "client": {"errors"},
    "testing": {"claims", "errors", "issuers", "keys", "verifier"},
    "cli": {"claims", "client", "errors", "issuers", "keys", "testing", "verifier"},
}

# Who may import what others must not need.
ONLY_FOR = {
    "fastapi": {"server"},
    "starlette": {"server"},
    "uvicorn": set(),
    "cryptography": {"testing"},
    "pytest": {"testing"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pydantic": {"claims", "server"},
    "pydantic_core": {"claims", "server"},
}

# Headers with which the core would do I/O, read a clock, start threads or know Python.
NOT_IN_THE_CORE = re.compile(
    r"Python\.h|pybind11|fstream|iostream|ostream|cstdio|stdio\.h|filesystem|ctime"
    r"|time\.h|thread|future|unistd\.h|sys/|netinet|arpa|envoy"
)
CALLS_NOT_IN_THE_CORE = re.compile(
    r"::now\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\bclock_gettime\b|\bgetenv\b"
    r"|\bfopen\b|\bsocket\s*\(|\bprintf\b|\babort\s*\("
)


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_a_part_imports_only_the_parts_below_it(module: Path) -> None:
    part = part_of(module)
    own = {
        found.name.split(".")[1]
        for found in imports(module)
        if found.name.startswith("github_oidc.")
    }
    assert own - {part} <= MAY_IMPORT[part]


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_what_is_heavy_stays_where_it_belongs(module: Path) -> None:
    part = part_of(module)
    wrong = [
        found
        for found in imports(module)
        if part not in ONLY_FOR.get(found.name.split(".")[0], {part})
    ]
    assert wrong == []


def test_every_part_of_the_table_exists() -> None:
    assert {part_of(module) for module in modules()} == MAY_IMPORT.keys()


def core_files() -> list[Path]:
    return [
        path
        for folder in ("cpp/include", "cpp/src")
        for path in sorted((ROOT / folder).rglob("*.[ch]pp"))
    ]


@pytest.mark.parametrize("source", core_files(), ids=name_of)
def test_the_core_has_no_io_no_clock_and_no_python(source: Path) -> None:
    assert [name for name in includes(source) if NOT_IN_THE_CORE.search(name)] == []
    assert CALLS_NOT_IN_THE_CORE.search(source.read_text(encoding="utf-8")) is None


def test_openssl_stays_out_of_the_public_headers() -> None:
    public = sorted((ROOT / "cpp/include").rglob("*.hpp"))
    assert public
    assert [
        path for path in public if any("openssl" in name for name in includes(path))
    ] == []


def test_the_module_of_the_binding_only_calls() -> None:
    text = (ROOT / "cpp/bindings/module.cpp").read_text(encoding="utf-8")
    assert ".def(" not in text
    assert "py::class_" not in text
