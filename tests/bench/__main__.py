# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.bench LIBRARY``: everything in one run, as ratios.

LIBRARY is bare.cpp as a shared library; ``make bench`` builds it.
"""

from __future__ import annotations

import argparse

from . import routes, verifiers
from .harness import alternate, table
from .tokens import mint


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("library")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", choices=["verifiers", "routes"])
    options = parser.parse_args()

    print("minting tokens ...", flush=True)
    tokens = mint()
    size = len(tokens.texts[0])
    if options.only != "routes":
        timings = alternate(
            verifiers.cases(options.library, tokens),
            operations=500,
            rounds=options.rounds,
        )
        print(f"\nA new RS256 token of {size} bytes, microseconds, one thread\n")
        print(table(timings, base=verifiers.BARE))
        ours = timings[verifiers.OURS].best
        others = {
            name: timing.best
            for name, timing in timings.items()
            if name != verifiers.BARE and not name.startswith("github-oidc")
        }
        print(f"\nours / bare: {ours / timings[verifiers.BARE].best:.2f}")
        if others:
            fastest = min(others, key=others.__getitem__)
            print(f"fastest peer, {fastest}, / ours: {others[fastest] / ours:.2f}")
    if options.only != "verifiers":
        # Short rounds and many: one without an interruption is enough.
        timings = alternate(
            routes.cases(tokens), operations=150, rounds=8 * options.rounds
        )
        print("\nA FastAPI route in process, microseconds per request\n")
        print(table(timings, base=routes.HEADER_ONLY))
        base = timings[routes.HEADER_ONLY].best
        for name, timing in timings.items():
            if name != routes.HEADER_ONLY:
                print(f"{name}: {timing.best - base:+.1f} us")


if __name__ == "__main__":
    main()
