"""Reading `.csv` files with a header into columns of text; every error names the file and the line."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.errors import DataError

_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Attributes:
        path: where it came from.
        names: the header.
        columns: one tuple of cells per column, surrounding spaces stripped.
        lines: the line of the file, from 1, that each row starts on.
    """

    path: Path
    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

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
    return np.array([number(cell) for cell in cells], np.float64)


def _separator(line: str) -> str:
    """The separator that gives the header most cells; the comma where all give one."""
    return max(_SEPARATORS, key=lambda s: len(next(csv.reader([line], delimiter=s))))


def _rows(path: Path, lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str]]]:
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
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the path.")
    try:
        lines = list(io.StringIO(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start}); save it as CSV in UTF-8.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    head = next((line for line in lines if line.strip()), None)
    if head is None:
        raise DataError(f"{path} is empty; it needs a header and rows.")
    rows = _rows(path, lines, _separator(head))
    _, names = next(rows)
    _check_header(path, names)
    starts, cells = [], []
    for start, row in rows:
        if len(row) != len(names):
            raise DataError(f"{path}, line {start}: {len(row)} cells where the header has {len(names)}; mend the row.")
        starts.append(start)
        cells.append(row)
    if not cells:
        raise DataError(f"{path} has a header and no rows; add some.")
    return TextTable(path, tuple(names), tuple(zip(*cells, strict=True)), tuple(starts))
