"""Output for people, all of it on stderr: lines, tables, and progress of what takes long."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from warp2hdl.cli.interrupt import raise_if_interrupted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from rich.table import Table

_LINE_SECONDS = 10.0
_NAME_WIDTH = 11
_LINE_WIDTH = 96
_NAME_STYLES = {"accuracy": "bold", "equal": "bold green", "warning": "bold yellow", "written": "bold green"}


def console() -> Console:
    """The console on stderr."""
    from rich.console import Console

    # Names of files and classes are not to be taken for emoji.
    return Console(stderr=True, highlight=False, emoji=False)


def show_table(table: Table) -> None:
    """Prints a table."""
    console().print(table)


def show_facts(**facts: str) -> None:
    """Prints a line for each fact, its name in front; the `accuracy`, what is `equal` and `written` stand out."""
    from rich.text import Text

    out = console()
    for name, value in facts.items():
        out.print(Text(f"{name:<{_NAME_WIDTH}}", _NAME_STYLES.get(name, "dim")) + Text(value), soft_wrap=True)


def command_line(*words: str | Path) -> str:
    """A command of this program, ready to be pasted into a shell."""
    return shlex.join(["warp2hdl", *map(str, words)])


def counted(count: int, what: str) -> str:
    """So many of something: `1 feature`, `2 features`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def listed(folder: Path, names: Iterable[str]) -> str:
    """A folder, and below it the files in it."""
    indent = " " * _NAME_WIDTH
    files = textwrap.wrap(
        ", ".join(sorted(names)),
        _LINE_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join([f"{folder}/", *files])


class Progress(Protocol):
    """Shows how far a job has come."""

    def update(self, done: int, total: int, note: str = "") -> None:
        """Work done, work in all, and a few words on the state."""

    def rename(self, title: str) -> None:
        """The job goes over to something else."""


class _Bar:
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def update(self, done: int, total: int, note: str = "") -> None:
        raise_if_interrupted()
        self._bars.update(self._task, completed=done, total=total, note=note)

    def rename(self, title: str) -> None:
        self._bars.update(self._task, description=title)


class _Lines:
    """For logs: a line at the start, and one every ten seconds."""

    def __init__(self, out: Console) -> None:
        self._out, self._title, self._last = out, "", 0.0

    def update(self, done: int, total: int, note: str = "") -> None:
        raise_if_interrupted()
        if time.monotonic() - self._last >= _LINE_SECONDS:
            self._print(f": {done} of {total}" + (f", {note}" if note else ""))

    def rename(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self._print(" ...")

    def _print(self, text: str) -> None:
        self._last = time.monotonic()
        self._out.print(self._title + text, soft_wrap=True, markup=False)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """A progress bar on a terminal, a line now and then elsewhere."""
    out = console()
    if not out.is_terminal:
        lines = _Lines(out)
        lines.rename(title)
        yield lines
        return
    from rich import progress as rich_progress

    columns = (
        rich_progress.SpinnerColumn(),
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(bar_width=24),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TextColumn("[dim]{task.fields[note]}"),
    )
    with rich_progress.Progress(*columns, console=out, transient=True) as bars:
        yield _Bar(bars, bars.add_task(title, total=None, note=""))
