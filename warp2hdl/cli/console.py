"""Output for people, all of it on stderr: lines, tables, and progress of what takes long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_LINE_SECONDS = 10.0


def console() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def show(*what: RenderableType) -> None:
    """Prints tables and lines; square brackets in a line are rich's markup."""
    out = console()
    for each in what:
        out.print(each, soft_wrap=isinstance(each, str))


def written(folder: Path, names: list[str]) -> str:
    """The line that tells where the results are."""
    from rich.markup import escape

    return f"[green]written[/] [bold]{escape(str(folder))}/[/] {escape(', '.join(names))}"


def hint(command: str) -> str:
    """The line that tells what to do next."""
    from rich.markup import escape

    return f"[dim]next[/]    {escape(command)}"


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
        self._bars.update(self._task, completed=done, total=total, note=note)

    def rename(self, title: str) -> None:
        self._bars.update(self._task, description=title)


class _Lines:
    """For logs: a line at the start, and one every ten seconds."""

    def __init__(self, out: Console) -> None:
        self._out, self._title, self._last = out, "", 0.0

    def update(self, done: int, total: int, note: str = "") -> None:
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
