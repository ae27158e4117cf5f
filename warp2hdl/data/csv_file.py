"""Reading `.csv` files with a header into columns of text; every error names the file and the line."""

from __future__ import annotations

import codecs
import contextlib
import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import DataError

_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class TextTable:
    """A table as text, or some consecutive rows of one.

    Attributes:
        path: where it came from.
        names: the header.
        columns: one tuple of cells per column, surrounding spaces stripped.
        lines: the line of the file, from 1, that each row starts on.
        bytes_read: how much of the file was read for it, with what came before.
    """

    path: Path
    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    bytes_read: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are below the header."""
        return len(self.lines)

    def column(self, name: str) -> tuple[str, ...]:
        """The cells of the column called `name`.

        Raises:
            DataError: there is none; the message lists those that there are.
        """
        if name not in self.names:
            raise DataError(f"{self.path} has no column {name!r}{closest(name, self.names)}.")
        return self.columns[self.names.index(name)]


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """The part of a message about an unknown name that asks for the closest one; empty if none is close."""
    near = difflib.get_close_matches(name.lower(), {n.lower(): n for n in names}, n=1, cutoff=0.6)
    hint = [n for n in names if near and n.lower() == near[0]][:1]
    return f" (did you mean {hint[0]!r}?)" if hint else ""


def closest(name: str, names: Sequence[str]) -> str:
    """The end of a message about an unknown name: the closest one, then all (or the first forty)."""
    listed = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return f"{did_you_mean(name, names)}; it has {listed}"


def number(cell: str) -> float:
    """The finite number that a cell holds, NaN where it holds none."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    # Python reads 1_000 as a number; tables do not mean that.
    return value if math.isfinite(value) and "_" not in cell else math.nan


def numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    """Cells -> float64 `[rows]`, NaN where a cell is not a finite number."""
    with contextlib.suppress(ValueError):
        values = np.fromiter(map(float, cells), np.float64, len(cells))
        if np.isfinite(values).all() and "_" not in "".join(cells):
            return values
    return np.array([number(cell) for cell in cells], np.float64)


def _separator(line: str) -> str:
    """The separator that gives the header most cells; the comma where all give one."""
    return max(_SEPARATORS, key=lambda s: len(next(csv.reader([line], delimiter=s))))


def _rows(path: Path, lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """The line that each row starts on and its cells, blank lines left out."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    start = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield start, stripped
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {start}: {error}; check the quotes of that line.") from error


def _check_header(path: Path, names: list[str]) -> None:
    if all(not math.isnan(number(name)) for name in names):
        raise DataError(f"{path} has no header: its first line holds only numbers; add a line of column names.")
    for i, name in enumerate(names):
        if not name:
            raise DataError(f"{path}: column {i + 1} of the header has no name; give it one.")
        if name in names[:i]:
            raise DataError(f"{path}: two columns are called {name!r}; rename one.")


def read_csv(path: Path | str) -> TextTable:
    """Reads a table whose first line names the columns; the separator may be a comma, a semicolon or a tab.

    Raises:
        DataError: no such file, not UTF-8, empty, without header or rows, a column name missing or twice, a row
            with too few or too many cells.
    """
    (table,) = read_csv_rows(path, None)
    return table


def read_csv_rows(path: Path | str, rows: int | None) -> Iterator[TextTable]:
    """Reads a table some rows at a time, so that one larger than the memory can be read.

    Args:
        path: the file.
        rows: how many rows a part has, the last one aside; None for all of them.

    Raises:
        DataError: as `read_csv`; what is wrong with a row is raised when its part is read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the path.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _parts(path, file, rows)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {_bad_byte(path)}); save it as CSV in UTF-8.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _parts(path: Path, file: TextIO, count: int | None) -> Iterator[TextTable]:
    before: list[str] = []
    for line in file:
        before.append(line)
        if line.strip():
            break
    else:
        raise DataError(f"{path} is empty; it needs a header and rows.")
    rows = _rows(path, chain(before, file), _separator(before[-1]))
    _, names = next(rows)
    _check_header(path, names)
    some = False
    while part := list(islice(rows, count)):
        some = True
        for start, cells in part:
            if len(cells) != len(names):
                raise DataError(
                    f"{path}, line {start}: {len(cells)} cells where the header has {len(names)}; mend the row."
                )
        columns = tuple(zip(*(cells for _, cells in part), strict=True))
        yield TextTable(path, tuple(names), columns, tuple(start for start, _ in part), file.buffer.tell())
    if not some:
        raise DataError(f"{path} has a header and no rows; add some.")


def _bad_byte(path: Path) -> int:
    """Where in the file the first byte lies that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return read - held + error.start
            read += len(block)
    return read - len(decoder.getstate()[0])
