"""A time limit that several steps share."""

from __future__ import annotations

import time

from warp2hdl.errors import ToolTimeoutError


class Deadline:
    """So many seconds from now on.

    Args:
        seconds: wall time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left.

        Raises:
            ToolTimeoutError: none are.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise ToolTimeoutError(f"The proof was not found within {self.seconds:g} s; allow more with --timeout.")
        return left
