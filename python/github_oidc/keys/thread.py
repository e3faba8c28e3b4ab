# SPDX-License-Identifier: Apache-2.0
"""The one daemon thread of a process on which all fetching happens.

It runs an event loop of its own, so that every fetch has a deadline that holds also
against a server that sends a byte a second, and so that a fetch outlives the request,
the task and the event loop that asked for it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final

__all__ = ["FetchThread", "fetch_thread"]


class FetchThread:
    """Starts with its first coroutine, and anew in the child after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left_behind: list[object] = []

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs a coroutine on the thread, without waiting for it.

        Raises:
            RuntimeError: no thread can be started, or the interpreter is exiting.
        """
        try:
            with self._lock:
                asyncio.run_coroutine_threadsafe(coroutine, self._running_loop())
        except RuntimeError:
            coroutine.close()
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        thread, loop = self._thread, self._loop
        if thread is not None and loop is not None and thread.is_alive():
            return loop
        # Not whatever loop the application prefers: this one must survive a fork.
        loop = asyncio.SelectorEventLoop()
        thread = threading.Thread(
            target=_serve, args=(loop,), name="github-oidc-keys", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            loop.close()
            raise
        self._loop, self._thread = loop, thread
        return loop

    def stop(self) -> None:
        """Ends the thread, for a quiet exit of the interpreter."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(1)

    def forget_parent(self) -> None:
        """In the child of a fork: the thread does not exist here, its lock may be held.

        The parent's loop is kept, unused: collecting it would close descriptors that
        are registered with an epoll instance shared with the parent.
        """
        self._lock = threading.Lock()
        self._left_behind.append(self._loop)
        self._loop = self._thread = None


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


fetch_thread: Final = FetchThread()
atexit.register(fetch_thread.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=fetch_thread.forget_parent)
