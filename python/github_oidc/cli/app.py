# SPDX-License-Identifier: Apache-2.0
"""The commands' tree."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from .dev import dev

__all__ = ["app"]

app = typer.Typer(
    name="github-oidc",
    help="Trust a CI job without a stored secret.",
    no_args_is_help=True,
    add_completion=False,
    # Its tracebacks print local variables, and those may hold a token.
    pretty_exceptions_enable=False,
)
app.add_typer(dev, name="dev")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"github-oidc {metadata.version('github-oidc')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Trust a CI job without a stored secret."""
