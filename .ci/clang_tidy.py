# SPDX-License-Identifier: Apache-2.0
"""Run clang-tidy over the library and the binding, several files at a time.

``python .ci/clang_tidy.py BUILD_FOLDER`` reads BUILD_FOLDER/compile_commands.json. A
file that was clean is left out until it, a header, the command or the rules change.
The binding is one unit, so that pybind11 is read once.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "cpp/src"
BINDING = ROOT / "cpp/bindings"
CLEAN = ROOT / ".cache/clang-tidy"
TIDY = Path(sys.executable).with_name("clang-tidy")
# The commands are GCC's: clang does not know some of their flags.
TOLERANT = (
    "--extra-arg=-Wno-unknown-warning-option",
    "--extra-arg=-Wno-ignored-optimization-argument",
)


def surroundings() -> bytes:
    """What every file's verdict depends on: the rules, the headers, the version."""
    digest = hashlib.sha256()
    for path in [
        ROOT / ".clang-tidy",
        ROOT / ".ci/requirements/dev.txt",
        *sorted((ROOT / "cpp").rglob("*.hpp")),
        *sorted((ROOT / "cpp").rglob("*.def")),
    ]:
        digest.update(path.read_bytes())
    return digest.digest()


def check(build: Path, source: Path, mark: Path) -> tuple[Path, str]:
    """Nothing where the file is clean, otherwise what clang-tidy printed."""
    command = [str(TIDY), "--quiet", *TOLERANT, "-p", str(build), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        mark.touch()
        return source, ""
    return source, done.stdout + done.stderr


def main(build: Path) -> int:
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    common = surroundings()
    CLEAN.mkdir(parents=True, exist_ok=True)
    jobs = []
    for entry in entries:
        source = Path(entry["directory"], entry["file"]).resolve()
        if source.parent == CORE:
            texts = [source.read_bytes()]
        elif source.parent.name == "Unity":
            texts = [path.read_bytes() for path in sorted(BINDING.glob("*.cpp"))]
        else:
            continue
        own = b"".join([*texts, entry["command"].encode()])
        mark = CLEAN / hashlib.sha256(common + own).hexdigest()
        if not mark.exists():
            jobs.append((build, source, mark))
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        verdicts = pool.map(lambda job: check(*job), jobs)
        found = [(path, text) for path, text in verdicts if text]
    for path, text in found:
        print(f"{path.name}\n{text}")
    print(f"clang-tidy: {len(jobs)} files looked at, {len(found)} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
