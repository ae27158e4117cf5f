"""Running an external tool with a time limit, keeping the end of what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from warp2hdl.errors import ToolError, ToolTimeoutError

_POLL_SECONDS = 0.05
OUTPUT_TAIL = 4000  # characters of output that an error carries


def run_tool(
    name: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    timeout_seconds: float,
    poll: Callable[[], None] | None = None,
) -> str:
    """Runs a command to its end and returns what it printed.

    Args:
        name: the tool as an error message calls it; its output is kept in `folder` as `<name>.log`.
        command: one string per argument.
        env: the whole environment.
        folder: where it runs.
        timeout_seconds: wall time; the command and all its children are killed after it.
        poll: called about twenty times a second while the command runs.

    Raises:
        ToolError: it cannot be started or fails.
        ToolTimeoutError: it takes too long.
    """
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        try:
            child = subprocess.Popen(
                command, env=dict(env), cwd=folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise ToolError(f"{name} cannot be started: {error}.", command=command) from error
        try:
            finished = _wait(child, time.monotonic() + timeout_seconds, poll)
        finally:
            _kill(child)
    text = log.read_text(errors="replace")
    if not finished:
        raise ToolTimeoutError(
            f"{name} was stopped after {timeout_seconds:g} seconds; allow more time or give it less to do.",
            command=command,
            output=text[-OUTPUT_TAIL:],
        )
    if child.returncode:
        raise ToolError(
            f"{name} failed with exit code {child.returncode}: {_telling_line(text)}",
            command=command,
            output=text[-OUTPUT_TAIL:],
        )
    return text


def _wait(child: subprocess.Popen[bytes], deadline: float, poll: Callable[[], None] | None) -> bool:
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL_SECONDS)
            return True
        if poll is not None:
            poll()
    return False


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _telling_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines[-1:] or ["it printed nothing"])[0]
