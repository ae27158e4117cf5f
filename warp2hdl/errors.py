"""Every error that warp2hdl raises on purpose.

::

    Warp2HDLError
    ├─ ConfigError            a bad option: the field and what is allowed
    ├─ DataError              a bad input file: file, row, column
    ├─ OutputError            a place that cannot be written
    ├─ IRError
    │  ├─ VerifyError         which invariant, which node
    │  └─ FormatError         a damaged or foreign file
    ├─ LoweringError          a layer that has no LUT form
    ├─ BackendError           what the target cannot hold
    ├─ ToolError              binary, command, the end of its output
    │  ├─ ToolNotFoundError   where it was looked for, how to get it
    │  └─ ToolTimeoutError
    └─ MismatchError          first differing vector, expected, actual, how many

A message is one sentence that names the file, option or row, and the remedy.
`exit_code` is what the command line exits with: 1 the check did not hold,
2 the user's input is at fault, 3 a tool is missing or failed.
"""

from __future__ import annotations

from collections.abc import Sequence


class Warp2HDLError(Exception):
    """Base of all errors with a message for the user."""

    exit_code = 2


class ConfigError(Warp2HDLError):
    """A bad option or setting: the field and what is allowed."""


class DataError(Warp2HDLError):
    """A bad input file: the file, and the row and column where they are known."""


class OutputError(Warp2HDLError):
    """A place that cannot be written: a file in the way, a full disk, no permission."""


class IRError(Warp2HDLError):
    """Base of errors about circuits and their files."""


class VerifyError(IRError):
    """A circuit breaks an invariant of the IR."""


class FormatError(IRError):
    """A damaged or foreign file."""


class LoweringError(Warp2HDLError):
    """A layer that has no LUT form."""


class BackendError(Warp2HDLError):
    """Something that the chosen target or interface cannot hold."""


class ToolError(Warp2HDLError):
    """An external tool failed.

    Attributes:
        command: the command line as run, one string per argument.
        output: the end of what the tool printed.
    """

    exit_code = 3

    def __init__(self, message: str, *, command: Sequence[str] = (), output: str = "") -> None:
        super().__init__(message)
        self.command = tuple(command)
        self.output = output


class ToolNotFoundError(ToolError):
    """A tool is not on this machine: where it was looked for and how to get it."""


class ToolTimeoutError(ToolError):
    """A tool did not finish in the time it was given."""


class MismatchError(Warp2HDLError):
    """The hardware and the reference disagree: the first vector, expected, actual, how many."""

    exit_code = 1
