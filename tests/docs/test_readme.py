# SPDX-License-Identifier: Apache-2.0
"""The README's code is run as it stands."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from github_oidc.testing import FakeIssuer

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVER, JOB, TESTS = re.findall(
    r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE
)
SERVICE = "https://api.example.com"


def run(code: str) -> dict[str, Any]:
    """Executes a block; the names it defines."""
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    return names


@pytest.fixture
def service(github_issuer: FakeIssuer) -> Iterator[str]:
    """The README's server under uvicorn; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(run(SERVER)["app"], log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_server_and_job_are_as_short_as_promised() -> None:
    for code, lines in ((SERVER, 10), (JOB, 5)):
        assert len([line for line in code.splitlines() if line.strip()]) <= lines


def test_the_job_may_call_the_server(
    service: str, github_actions: FakeIssuer, capsys: pytest.CaptureFixture[str]
) -> None:
    github_actions.job |= {"repository_id": "1044596245", "ref": "refs/heads/main"}
    assert SERVICE in JOB
    run(JOB.replace(SERVICE, service))
    assert capsys.readouterr().out.splitlines()[-1].startswith("{'deploying': '")


def test_another_repository_may_not(
    service: str, github_actions: FakeIssuer, capsys: pytest.CaptureFixture[str]
) -> None:
    github_actions.job |= {"repository_id": "2", "ref": "refs/heads/main"}
    run(JOB.replace(SERVICE, service))
    assert capsys.readouterr().out.splitlines()[-1] == "{'detail': 'Forbidden'}"


def test_its_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / "test_app.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_files_that_are_named_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_tree_is_that_of_the_repository() -> None:
    tree = README.split("## The source")[1].split("```")[1].strip()
    folder = ""
    for line in tree.splitlines():
        path = line.split()[0]
        folder = "" if not line.startswith(" ") else folder
        assert (ROOT / folder / path).exists(), path
        folder = folder if line.startswith(" ") else path


def test_the_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for text in (README, (ROOT / "docs/contributing.md").read_text(encoding="utf-8")):
        for target in re.findall(r"\bmake ([a-z-]+)`", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
