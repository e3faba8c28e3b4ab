# SPDX-License-Identifier: Apache-2.0
"""Keys that are given instead of fetched: as a mapping, or in a file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError, KeySetError
from ..verifier import JWKSet
from .cache import Failure, Fetch, Snapshot
from .endpoint import MAX_JWKS_BYTES

__all__ = ["FileKeys", "PinnedKeys"]

_log: Final = logging.getLogger("github_oidc.keys")

# Modification time, size and inode: a file that is replaced changes at least one.
_Signature = tuple[int, int, int]

# How long a request may use keys whose file has been edited since.
_LOOK_AGAIN_S: Final = 1.0


class PinnedKeys:
    """One key set for good.

    Raises:
        KeySetError: the mapping is no usable JWK Set.
    """

    retry_in_s = 0.0
    stale = False
    failure: Failure | None = None

    def __init__(self, issuer: str, jwks: Mapping[str, object]) -> None:
        keys = JWKSet.from_dict(jwks, issuer=issuer)
        self.current: Snapshot | None = Snapshot(keys, 1, -inf, inf)

    @property
    def age_s(self) -> float | None:
        """Pinned keys do not age."""
        return None

    def ask(self, lacking: Snapshot | None = None) -> Snapshot | Fetch | None:
        """The keys, or None when they are the ones that lack the token's key."""
        return None if lacking is not None else self.current


@dataclass(frozen=True, slots=True)
class _Reading:
    """The last good keys, the file as it was last seen, and when they were read."""

    snapshot: Snapshot
    seen: _Signature | None
    read_at: float


class FileKeys:
    """The key set in a file, which is read again when the file has changed.

    An edit that is no usable key set leaves the last good one in use. There is no lock:
    keys are kept together with the signature of the file that they came from, so that a
    thread which puts older ones back is found out the next time.

    Raises:
        ConfigurationError: the file cannot be read.
        KeySetError: it holds no usable JWK Set.
    """

    retry_in_s = 0.0

    def __init__(
        self, issuer: str, path: str | os.PathLike[str], clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._path = Path(path)
        self._clock = clock
        self.failure: Failure | None = None
        try:
            seen = _signature(self._path.stat())
            keys = self._read()
        except OSError as error:
            raise ConfigurationError(
                f"jwks_file= cannot be read: {error.strerror}"
            ) from None
        now = clock()
        snapshot = Snapshot(keys, 1, now, now + _LOOK_AGAIN_S)
        self._last = _Reading(snapshot, seen, now)

    @property
    def current(self) -> Snapshot | None:
        """The file's last good keys."""
        return self._last.snapshot

    @property
    def stale(self) -> bool:
        """The file has been edited into something that is no key set."""
        return self.failure is not None

    @property
    def age_s(self) -> float | None:
        """Seconds since the keys in use were read."""
        return max(0.0, self._clock() - self._last.read_at)

    def ask(self, lacking: Snapshot | None = None) -> Snapshot | Fetch | None:
        """The file's keys, or None when they still lack the token's key."""
        last, now = self._last, self._clock()
        keys, generation = last.snapshot.keys, last.snapshot.generation
        seen, read_at = last.seen, last.read_at
        try:
            # Taken before the file is read: an edit in between is seen the next time.
            seen = _signature(self._path.stat())
            if seen != last.seen:
                keys = self._read()
                generation, read_at = generation + 1, now
                self.failure = None
        except KeySetError as error:
            self._refuse(error.code)
        except OSError as error:
            seen = None  # what comes back may look as it did before
            self._refuse(error.strerror or "cannot be read")
        current = Snapshot(keys, generation, now, now + _LOOK_AGAIN_S)
        self._last = _Reading(current, seen, read_at)
        if lacking is not None and lacking.keys is keys:
            return None
        return current

    def _read(self) -> JWKSet:
        with self._path.open("rb") as file:
            return JWKSet.from_json(file.read(MAX_JWKS_BYTES + 1), issuer=self._issuer)

    def _refuse(self, fault: str) -> None:
        failure = Failure("keys_unavailable", f"jwks_file is not usable: {fault}")
        if failure != self.failure:
            _log.warning("keys of %s kept from before: %s", self._issuer, fault)
        self.failure = failure


def _signature(status: os.stat_result) -> _Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino
