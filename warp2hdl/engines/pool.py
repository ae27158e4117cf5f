"""Threads that outlive a fork: each process that an engine comes to has threads of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Pool:
    """A pool of threads that starts when it is first needed, in a forked process anew.

    Args:
        threads: how many, at least 1.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._owned: tuple[int, ThreadPoolExecutor | None] = (0, None)

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Has a thread of this process do some work."""
        process, executor = self._owned
        if executor is None or process != os.getpid():
            # Where two threads come here at once, either's executor does what it was given and ends after that.
            executor = ThreadPoolExecutor(self._threads)
            self._owned = os.getpid(), executor
        return executor.submit(work)
