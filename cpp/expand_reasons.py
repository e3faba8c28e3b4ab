# SPDX-License-Identifier: Apache-2.0
"""Expand errc.def into python/github_oidc/_reasons.py and docs/errors.md.

``python cpp/expand_reasons.py`` writes both, ``--check`` only compares (exit 1).
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "cpp/include/github_oidc/errc.def"
ROW = re.compile(
    r'^GITHUB_OIDC_REASON\((\w+), (\w+), ("[^"]*"), ("[^"]*")\)$', re.MULTILINE
)

GROUPS = {
    "request": ("RequestError", "The HTTP request", "400 or 401"),
    "token": ("MalformedTokenError", "Shape, JSON and JOSE header", "401"),
    "key": ("KeySelectionError", "The key", "401"),
    "signature": ("SignatureError", "The signature", "401"),
    "claim": ("ClaimError", "The claims", "401"),
    "policy": ("NotAllowedError", "Permission", "403"),
    "key_set": ("KeySetError", "A key set as a whole", "503"),
    "unavailable": ("UnavailableError", "What cannot be had", "503"),
    "client": ("ActionsTokenError", "In a CI job", "none, raised in the client"),
    "configuration": ("ConfigurationError", "Settings", "none, raised at start"),
}


class Row(NamedTuple):
    code: str
    group: str
    source: str
    message: str


def rows() -> list[Row]:
    text = LIST.read_text(encoding="utf-8")
    found = [
        Row(code, group, ast.literal_eval(source), ast.literal_eval(message))
        for code, group, source, message in ROW.findall(text)
    ]
    macros = sum(line.startswith("GITHUB_OIDC_REASON(") for line in text.splitlines())
    if len(found) != macros:
        raise SystemExit("errc.def holds a row that this script cannot read")
    return found


def python(table: list[Row]) -> str:
    lines = [
        "# SPDX-License-Identifier: Apache-2.0",
        "# Written by `make generate` from cpp/include/github_oidc/errc.def.",
        '"""The reasons: code -> group, source, message."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final, NamedTuple",
        "",
        '__all__ = ["REASONS", "Reason"]',
        "",
        "",
        "class Reason(NamedTuple):",
        '    """One row: the exception group, the rule\'s origin, a safe sentence."""',
        "",
        "    group: str",
        "    source: str",
        "    message: str",
        "",
        "",
        "REASONS: Final[dict[str, Reason]] = {",
    ]
    for row in table:
        lines += [
            f'    "{row.code}": Reason(',
            f'        "{row.group}",',
            f'        "{row.source}",',
            f'        "{row.message}",',
            "    ),",
        ]
    return "\n".join([*lines, "}", ""])


def page(table: list[Row]) -> str:
    lines = [
        "# Errors",
        "",
        "<!-- Written by `make generate` from cpp/include/github_oidc/errc.def. -->",
        "",
        (
            "Every refusal has one code. It is the `code` of the Python exception, the "
            "`code` in an answer's body, the label of a metric and the anchor of its "
            "row on this page."
        ),
        "",
    ]
    for group, (exception, title, status) in GROUPS.items():
        lines += [
            f"## {title}",
            "",
            f"`github_oidc.errors.{exception}`; HTTP status: {status}.",
            "",
            "| code | meaning | source |",
            "|---|---|---|",
        ]
        lines += [
            f'| <a id="{row.code}"></a>`{row.code}` | {row.message} | {row.source} |'
            for row in table
            if row.group == group
        ]
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    table = rows()
    if unknown := {row.group for row in table} - GROUPS.keys():
        raise SystemExit(f"unknown groups: {sorted(unknown)}")
    stale = 0
    for path, text in {
        ROOT / "python/github_oidc/_reasons.py": python(table),
        ROOT / "docs/errors.md": page(table),
    }.items():
        if "--check" in arguments:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                print(f"{path.relative_to(ROOT)} is stale: run `make generate`")
                stale = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
