"""Ctrl-C and SIGTERM end a command, also where a library swallows the exception that says so.

Libraries catch everything here and there, while they load or compile above all. So a signal is remembered as well,
and whatever shows progress asks for it.
"""

from __future__ import annotations

import signal
from types import FrameType

_received: list[int] = []


def install() -> None:
    """Handles both signals from now on; one that the caller had ignored, as `nohup` does, stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _receive)


def raise_if_interrupted() -> None:
    """Raises what a signal asked for, if there was one.

    Raises:
        KeyboardInterrupt: after SIGINT.
        SystemExit: after SIGTERM, with 128 and the signal's number.
    """
    if _received:
        number = _received[-1]
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def _receive(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise_if_interrupted()
