# SPDX-License-Identifier: Apache-2.0
"""When to try again, as arithmetic: the clock, sleep and chance are arguments."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio

from ..errors import ConfigurationError

__all__ = ["MAX_TRIES", "Timing", "Tries"]

MAX_TRIES: Final = 5
_FIRST_DELAY_S: Final = 1.0
_MAX_DELAY_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits in seconds, and what measures and spends them.

    Attributes:
        timeout_s: for one try.
        deadline_s: for all tries and the pauses between them.
        clock: monotonic seconds.
        sleep: pauses a thread.
        sleep_async: pauses a task.
        chance: a number in [0, 1).

    Raises:
        ConfigurationError: a limit is not a positive, finite number.
    """

    timeout_s: float = 10.0
    deadline_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = anyio.sleep
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        for name, limit in (("timeout", self.timeout_s), ("deadline", self.deadline_s)):
            if isinstance(limit, bool) or not isinstance(limit, (int, float)):
                raise ConfigurationError(f"{name} is a number of seconds")
            if not (math.isfinite(limit) and limit > 0):
                raise ConfigurationError(f"{name} is more than 0 seconds, and finite")


class Tries:
    """Counts the tries of one request, and the time that is left for them."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._began = timing.clock()
        self.made = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first try began."""
        return self._timing.clock() - self._began

    def next_timeout_s(self) -> float:
        """Seconds that the next try may take; counts it as made."""
        self.made += 1
        left_s = self._timing.deadline_s - self.elapsed_s
        return max(0.0, min(self._timing.timeout_s, left_s))

    def next_delay_s(self, retry_after_s: float = 0.0) -> float | None:
        """Seconds to wait before another try, or None when there is to be none.

        Exponential with full jitter, so that jobs that failed together do not come
        back together, but never before the server's ``Retry-After``.
        """
        if self.made >= MAX_TRIES:
            return None
        doubled_s: float = _FIRST_DELAY_S * 2 ** (self.made - 1)
        ceiling_s = min(_MAX_DELAY_S, doubled_s)
        delay_s = max(self._timing.chance() * ceiling_s, retry_after_s)
        if self.elapsed_s + delay_s >= self._timing.deadline_s:
            return None
        return delay_s
