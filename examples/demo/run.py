# SPDX-License-Identifier: Apache-2.0
"""A service, a CI job that may call it, and three tokens that may not.

``python examples/demo/run.py`` starts on this machine

1. an issuer that stands in for GitHub's,
2. ``server.py`` under uvicorn, which trusts that issuer,
3. ``job.py`` in a process of its own, with the environment of a GitHub Actions job,

then presents three bad tokens. It ends with 0 if exactly the job was let in.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from github_oidc.testing import FakeIssuer

__all__ = ["main"]

HERE: Final = Path(__file__).resolve().parent
AUDIENCE: Final = "demo-api"
JOB: Final = {"repository": "octo-org/rocket", "environment": "production"}
# In the order in which they are read; the rest of the claims are counted.
SHOWN: Final = (
    "repository",
    "repository_id",
    "ref",
    "ref_protected",
    "environment",
    "event_name",
    "actor",
    "run_id",
    "run_attempt",
    "workflow_ref",
    "sub",
)
console: Final = Console(highlight=False)


@contextlib.contextmanager
def service(issuer: FakeIssuer) -> Iterator[str]:
    """Runs server.py under uvicorn on a free port; its URL."""
    os.environ["DEMO_ISSUER"] = issuer.issuer
    sys.path.insert(0, str(HERE))
    app = importlib.import_module("server").app
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def run_job(issuer: FakeIssuer, url: str) -> dict[str, object]:
    """Runs job.py as an Actions runner would; the claims that the service saw."""
    job = subprocess.run(
        [sys.executable, str(HERE / "job.py")],
        env={**os.environ, **issuer.actions_environment(), "DEMO_SERVER": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    # The lines before are commands to the runner: it masks the token in its log.
    claims: dict[str, object] = json.loads(job.stdout.splitlines()[-1])
    return claims


def bad_tokens(issuer: FakeIssuer) -> dict[str, str]:
    """Each is a good token but for one thing."""
    return {
        "an hour old": issuer.mint(AUDIENCE, issued_at=time.time() - 3600),
        "meant for another service": issuer.mint("some-other-api"),
        "signed by somebody else": issuer.mint(AUDIENCE, sign_with=FakeIssuer()),
    }


def show_code(name: str) -> None:
    """What a file of this demo does, without its imports."""
    lines = (HERE / name).read_text(encoding="utf-8").split('"""\n', 1)[1].splitlines()
    code = "\n".join(
        line for line in lines if not line.startswith(("import ", "from ", "#"))
    )
    while "\n\n\n" in code:
        code = code.replace("\n\n\n", "\n\n")
    syntax = Syntax(
        code.strip(), "python", theme="ansi_dark", background_color="default"
    )
    console.print(Panel(syntax, title=name, title_align="left", border_style="dim"))


def show_claims(claims: dict[str, object]) -> None:
    table = Table(box=None, show_header=False, pad_edge=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    table.add_column(style="dim")
    for name in SHOWN:
        value = claims[name]
        table.add_row(name, str(value), type(value).__name__)
    console.print(table)
    console.print(f"   [dim]and {len(claims) - len(SHOWN)} more[/]\n")


def show_refusals(issuer: FakeIssuer, url: str) -> int:
    """Presents the bad tokens by HTTP; how many were let in."""
    table = Table(box=None, pad_edge=True, header_style="dim")
    for column in ("a token that is", "status", "code", "message"):
        table.add_column(column)
    let_in = 0
    for defect, token in bad_tokens(issuer).items():
        header = {"Authorization": f"Bearer {token}"}
        response = httpx.post(f"{url}/deploy", headers=header)
        let_in += response.status_code != httpx.codes.UNAUTHORIZED
        detail = response.json()["detail"]
        table.add_row(
            defect,
            f"[red]{response.status_code}[/]",
            f"[yellow]{detail['code']}[/]",
            detail["message"],
        )
    console.print(table)
    console.print()
    return let_in


def main() -> int:
    """Shows it all; 0 if the job was let in and nobody else."""
    with FakeIssuer(job=JOB) as issuer, service(issuer) as url:
        console.rule("[bold]github-oidc: trust a CI job without a stored secret")
        console.print(f"\n[bold]1.[/] An issuer in GitHub's place: {issuer.issuer}")
        console.print(f"[bold]2.[/] A FastAPI service that trusts it: [bold]{url}[/]")
        show_code("server.py")
        console.print("[bold]3.[/] A CI job that calls it, with no secret to keep")
        show_code("job.py")
        claims = run_job(issuer, url)
        console.print(
            f"   [green]POST {url}/deploy: 200[/]\n"
            "   The service knows who calls, verified and typed:\n"
        )
        show_claims(claims)
        console.print("[bold]4.[/] Three tokens that look as good, over the same wire")
        let_in = show_refusals(issuer, url)
    console.print("Next: README.md, or an issuer to develop against:")
    console.print("   [bold].venv/bin/github-oidc dev issuer[/]")
    return 1 if let_in else 0


if __name__ == "__main__":
    sys.exit(main())
