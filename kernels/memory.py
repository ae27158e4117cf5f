"""The process's memory, as training uses it: the same large arrays again and again."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>


def keep_freed(limit: int = 1 << 30) -> bool:
    """Keeps up to `limit` bytes of freed memory for the next array, where the C library can be told to.

    Otherwise each step returns its arrays to the system and gets them back page by page, each page filled with zeros.

    Returns:
        Whether it could be told.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, limit)) and bool(mallopt(_TRIM_THRESHOLD, limit))


def give_back() -> None:
    """Returns all freed memory to the system, where the C library can be told to."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
