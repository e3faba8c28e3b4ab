# SPDX-License-Identifier: Apache-2.0
"""Where the command starts: what it needs may be missing."""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = ["main"]

_OF_EXTRAS: Final = ("cryptography", "rich", "typer")


def main() -> None:
    """Run ``github-oidc`` with the process's arguments.

    Raises:
        SystemExit: always; 0 where all went well, 1 for a failure, 2 for wrong usage.
    """
    try:
        from .app import app

        app(prog_name="github-oidc")
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in _OF_EXTRAS:
            raise
        sys.exit(
            f"github-oidc: {package} is not installed: "
            'pip install "github-oidc[cli,testing]"'
        )
    except BrokenPipeError:
        # Whoever read the output has gone. The interpreter flushes once more when it
        # ends, and would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
