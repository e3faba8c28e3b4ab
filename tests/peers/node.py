# SPDX-License-Identifier: Apache-2.0
"""The npm packages of package.json, and the programs here that use them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, cast

from typing_extensions import Self

__all__ = ["NodePrograms", "OIDCProvider"]

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
MANIFEST: Final = ("package.json", "package-lock.json", ".npmrc")


class NodePrograms:
    """Node with the packages installed; nothing is written beside the sources."""

    def __init__(self) -> None:
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise RuntimeError(f"{program} is needed: run `make system`")
        digest = hashlib.sha256()
        for name in MANIFEST:
            digest.update((HERE / name).read_bytes())
        self.folder: Final = ROOT / "build" / "peers" / digest.hexdigest()[:16]
        if not (self.folder / "installed").exists():
            self._install()
        for source in HERE.glob("*.mjs"):
            shutil.copy(source, self.folder)

    def _install(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in MANIFEST:
            shutil.copy(HERE / name, self.folder)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed:\n{done.stdout}\n{done.stderr}")
        (self.folder / "installed").touch()

    def actions_core_token(
        self, audience: str, environment: Mapping[str, str]
    ) -> tuple[str, str]:
        """A token by @actions/core, and all that it printed."""
        done = subprocess.run(
            ["node", "mint.mjs", audience],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"@actions/core failed:\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])["token"], done.stdout


class OIDCProvider:
    """oidc-provider as a child process, for as long as the ``with`` block lasts."""

    def __init__(self, node: NodePrograms, jwks: Mapping[str, object]) -> None:
        self._node = node
        self._jwks = jwks

    def __enter__(self) -> Self:
        self._files = contextlib.ExitStack()
        path = self._node.folder / f"provider-{os.getpid()}.log"
        self._log = self._files.enter_context(path.open("w"))
        self._process = subprocess.Popen(
            ["node", "provider.mjs"],
            cwd=self._node.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.issuer = self.rotate(self._jwks)
        return self

    def rotate(self, jwks: Mapping[str, object]) -> str:
        """Exchanges all keys of the provider; its issuer identifier."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(jwks) + "\n")
        stdin.flush()
        for line in stdout:
            if line.startswith("{"):
                return cast(str, json.loads(line)["issuer"])
        self._process.wait(10)
        raise RuntimeError(Path(self._log.name).read_text())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.close()  # ends it
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        stdout.close()
        self._files.close()
