# SPDX-License-Identifier: Apache-2.0
"""``github-oidc dev``: an issuer that stands in for GitHub's while developing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["dev"]

dev = typer.Typer(help="Develop without GitHub.", no_args_is_help=True)

Audience = Annotated[str, typer.Option(help="What the token is for.")]
Repository = Annotated[
    str | None, typer.Option(help="OWNER/NAME of the job's repository.")
]
Ref = Annotated[str | None, typer.Option(help="As in refs/heads/main.")]
Environment = Annotated[str | None, typer.Option(help="The job's environment.")]
EventName = Annotated[str | None, typer.Option(help="As in push or pull_request.")]
Claims = Annotated[
    list[str] | None,
    typer.Option("--claim", metavar="NAME=VALUE", help="Any claim. Repeatable."),
]


def _claims_of(claim: list[str] | None, **named: str | None) -> dict[str, object]:
    claims: dict[str, object] = {
        name: value for name, value in named.items() if value is not None
    }
    for other in claim or ():
        name, equals, value = other.partition("=")
        if not (name and equals):
            raise typer.BadParameter("a claim is NAME=VALUE", param_hint="--claim")
        claims[name] = value
    return claims


@dev.command()
def issuer(
    *,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes a free one.")
    ] = 0,
    audience: Audience = "my-api",
    algorithm: Annotated[str, typer.Option(help="How it signs.")] = "RS256",
    repository: Repository = None,
    ref: Ref = None,
    environment: Environment = None,
    event_name: EventName = None,
    claim: Claims = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Write the job's variables here, to be sourced by a shell.",
        ),
    ] = None,
) -> None:
    """Run a local issuer until Ctrl-C.

    It has keys of its own, publishes them as GitHub does, and gives tokens to scripts
    that ask for them as in a GitHub Actions job.
    """
    from .local_issuer import run

    claims = _claims_of(
        claim,
        repository=repository,
        ref=ref,
        environment=environment,
        event_name=event_name,
    )
    run(
        host=host,
        port=port,
        audience=audience,
        algorithm=algorithm,
        job=claims,
        env_file=env_file,
    )


@dev.command()
def mint(
    *,
    issuer: Annotated[
        str,
        typer.Option(
            envvar="GITHUB_OIDC_DEV_ISSUER", help="URL of a running dev issuer."
        ),
    ],
    audience: Audience = "my-api",
    repository: Repository = None,
    ref: Ref = None,
    environment: Environment = None,
    event_name: EventName = None,
    claim: Claims = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A claim to leave out. Repeatable."),
    ] = None,
    lifetime: Annotated[
        int, typer.Option(help="Seconds; negative for an expired token.")
    ] = 300,
    immutable_subject: Annotated[
        bool, typer.Option("--immutable-subject", help="sub as repo:OWNER@ID/NAME@ID.")
    ] = False,
) -> None:
    """Print a token of a running dev issuer, and nothing else."""
    from .local_mint import mint_token

    claims = _claims_of(
        claim,
        repository=repository,
        ref=ref,
        environment=environment,
        event_name=event_name,
    )
    claims.update(dict.fromkeys(without or ()))
    typer.echo(
        mint_token(
            issuer,
            audience=audience,
            claims=claims,
            lifetime=lifetime,
            immutable_subject=immutable_subject,
        )
    )
