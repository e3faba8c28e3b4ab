# SPDX-License-Identifier: Apache-2.0
"""Times several cases side by side, so that a drifting machine drifts for all."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Timing", "alternate", "table"]


@dataclass(frozen=True)
class Timing:
    """Microseconds per operation over the rounds of one run."""

    best: float
    median: float


def alternate(
    cases: Mapping[str, Callable[[int], None]], *, operations: int, rounds: int
) -> dict[str, Timing]:
    """Runs every case once per round, in turn, each round from another start.

    Args:
        cases: name -> function that carries out the given number of operations.
    """
    names = list(cases)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for name in names:  # warm-up: imports, caches, branch predictors
        cases[name](operations // 4)
    for turn in range(rounds):
        gc.collect()
        gc.disable()
        for step in range(len(names)):
            name = names[(turn + step) % len(names)]
            start = time.perf_counter()
            cases[name](operations)
            took = time.perf_counter() - start
            samples[name].append(took / operations * 1e6)
        gc.enable()
    return {
        name: Timing(min(taken), statistics.median(taken))
        for name, taken in samples.items()
    }


def table(timings: Mapping[str, Timing], *, base: str, bar: int = 40) -> str:
    """A table of ratios to one case, by the best round, with a bar for each."""
    width = max(map(len, timings))
    longest = max(timing.best for timing in timings.values())
    lines = [f"{'':{width}}  {'min us':>8} {'median':>8} {'ratio':>7}"]
    for name, timing in sorted(timings.items(), key=lambda item: item[1].best):
        ratio = timing.best / timings[base].best
        length = max(1, round(timing.best / longest * bar))
        lines.append(
            f"{name:{width}}  {timing.best:8.2f} {timing.median:8.2f} {ratio:6.2f}x  "
            + "█" * length
        )
    return "\n".join(lines)
