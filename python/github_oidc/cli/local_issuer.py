# SPDX-License-Identifier: Apache-2.0
"""Run a fake issuer in the foreground, and say how to use it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from ..testing import FakeIssuer

__all__ = ["run"]

_MARK: Final = "# Written by `github-oidc dev issuer`, and removed when it stops.\n"
_SHOWN: Final = (
    "GITHUB_ACTIONS",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)
_EXIT_OF: Final = {signal.SIGINT: 130, signal.SIGTERM: 0}


def run(
    *,
    host: str,
    port: int,
    audience: str,
    algorithm: str,
    job: Mapping[str, object],
    env_file: Path | None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SystemExit: 130 after SIGINT, 0 after SIGTERM; a sentence when it cannot start.
    """
    stopped = threading.Event()
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        stopped.set()

    for number in _EXIT_OF:
        signal.signal(number, stop)
    with contextlib.ExitStack() as stack:
        try:
            issuer = FakeIssuer(algorithm=algorithm, job=job)
            _ = issuer.signing_key
            issuer.start(host=host, port=port, may_mint=True)
            stack.callback(issuer.stop)
            environment = issuer.actions_environment()
            environment["GITHUB_OIDC_DEV_ISSUER"] = issuer.issuer
            if env_file is not None:
                stack.enter_context(_written(env_file, environment))
        except (OSError, ValueError) as error:
            sys.exit(f"github-oidc: {error}")
        _describe(issuer, audience, environment, env_file)
        stopped.wait()
    sys.exit(_EXIT_OF[signal.Signals(received[0])])


def _exports(environment: Mapping[str, str]) -> list[str]:
    return [
        f"export {name}={shlex.quote(value)}" for name, value in environment.items()
    ]


@contextlib.contextmanager
def _written(path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The environment in a file that only its owner reads: it has a request token."""
    with contextlib.suppress(FileNotFoundError):
        if not path.read_text(errors="replace").startswith(_MARK):
            raise FileExistsError(f"{path} is there, and not of a dev issuer")
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_MARK + "\n".join(_exports(environment)) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _describe(
    issuer: FakeIssuer,
    audience: str,
    environment: Mapping[str, str],
    env_file: Path | None,
) -> None:
    url, quoted = issuer.issuer, shlex.quote(audience)
    job = (
        [f"source {shlex.quote(str(env_file))}"]
        if env_file
        else _exports({name: environment[name] for name in _SHOWN})
    )
    settings = f'audience={json.dumps(audience)}, issuer="{url}"'
    server = f"GithubOIDC({settings})"
    if (algorithm := issuer.signing_key.algorithm) != "RS256":
        # GitHub signs with RS256 alone, and so GithubOIDC takes nothing else.
        settings += f', algorithms=("{algorithm}",), claims=GithubOIDCClaims'
        server = f"OIDC({settings})"
    parts = {
        "Server": (
            "accept its tokens",
            [server],
        ),
        "Job": ("let a script get tokens, as on GitHub Actions", job),
        "Shell": (
            "one token by hand",
            [f"github-oidc dev mint --issuer {url} --audience {quoted}"],
        ),
    }
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold green]Local issuer[/]  [bold]{escape(url)}[/]")
    for title, (purpose, lines) in parts.items():
        console.print(f"\n[bold]{title}[/]  [dim]{purpose}[/]")
        for line in lines:
            console.print(f"  [cyan]{escape(line)}[/]")
    console.print("\n[dim]Nobody else trusts its keys. Ctrl-C stops it.[/]")
    sys.stdout.flush()
