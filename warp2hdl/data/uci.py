"""Tables of the UCI repository in their original files: adult, breast-cancer (Ljubljana) and the three MONK's problems.

What the columns are is known here; the files have no header. Their licence is CC BY 4.0.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.data.csv_file import TextTable, number
from warp2hdl.data.dataset import Dataset
from warp2hdl.data.files import content, find, require_folder
from warp2hdl.data.labels import class_ids
from warp2hdl.data.schema import Column, TableSchema
from warp2hdl.data.splits import DEFAULT_VAL_FRACTION, split_count, stratified_split
from warp2hdl.data.table import categorical_column
from warp2hdl.errors import DataError

_TEST_FRACTION = 0.2


def _ranges(first: int, last: int, step: int) -> tuple[str, ...]:
    return tuple(f"{low}-{low + step - 1}" for low in range(first, last, step))


@dataclass(frozen=True)
class _Format:
    """What the original files of a data set look like.

    Attributes:
        files: training and test file and how many rows each has; one file if there is no official split.
        columns: the columns in their order.
        target: the one with the label.
        class_names: its values.
        separator: what stands between cells; None for spaces.
        numeric: columns of numbers.
        ordered: columns whose categories are steps of a scale, with all steps.
        ignored: columns that are no features.
    """

    files: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    target: str
    class_names: tuple[str, ...]
    separator: str | None = ","
    numeric: frozenset[str] = frozenset()
    ordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @property
    def described(self) -> str:
        """The files in words."""
        return " and ".join(name for name, _ in self.files)


_ADULT = _Format(
    files=(("adult.data", 32561), ("adult.test", 16281)),
    columns=(
        *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation"),
        *("relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country"),
        "income",
    ),
    target="income",
    class_names=("<=50K", ">50K"),
    numeric=frozenset({"age", "education-num", "capital-gain", "capital-loss", "hours-per-week"}),
    ignored=frozenset({"fnlwgt"}),  # how many people of the census a row stands for
)
_BREAST_CANCER = _Format(
    files=(("breast-cancer.data", 286),),
    columns=(
        *("class", "age", "menopause", "tumor-size", "inv-nodes", "node-caps", "deg-malig", "breast"),
        *("breast-quad", "irradiat"),
    ),
    target="class",
    class_names=("no-recurrence-events", "recurrence-events"),
    numeric=frozenset({"deg-malig"}),
    ordered=types.MappingProxyType(
        {
            "age": _ranges(10, 100, 10),
            "tumor-size": _ranges(0, 60, 5),
            "inv-nodes": (*_ranges(0, 36, 3), "36-39"),
        }
    ),
)


def _monk(problem: int, rows: int) -> _Format:
    return _Format(
        files=((f"monks-{problem}.train", rows), (f"monks-{problem}.test", 432)),
        columns=("class", "a1", "a2", "a3", "a4", "a5", "a6", "id"),
        target="class",
        class_names=("0", "1"),
        separator=None,
        ignored=frozenset({"id"}),
    )


_FORMATS: Mapping[str, _Format] = types.MappingProxyType(
    {
        "adult": _ADULT,
        "breast-cancer": _BREAST_CANCER,
        "monk-1": _monk(1, 124),
        "monk-2": _monk(2, 169),
        "monk-3": _monk(3, 122),
    }
)
UCI_NAMES = tuple(_FORMATS)


def _read(path: Path, form: _Format, rows: int) -> TextTable:
    """One file as a table; comments (`|`) and blank lines are left out, and the full stop after adult's test labels."""
    try:
        lines = content(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text (byte {error.start}); fetch it again.") from error
    starts, cells = [], []
    for line, text in enumerate(lines, 1):
        if not text.strip() or text.startswith("|"):
            continue
        row = [cell.strip() for cell in text.split(form.separator)]
        if len(row) != len(form.columns):
            raise DataError(f"{path}, line {line}: {len(row)} cells, not {len(form.columns)}; fetch it again.")
        starts.append(line)
        cells.append(row)
    if len(cells) != rows:
        raise DataError(f"{path} has {len(cells)} rows, the original {rows}; fetch it again.")
    columns = {name: tuple(column) for name, column in zip(form.columns, zip(*cells, strict=True), strict=True)}
    columns[form.target] = tuple(label.rstrip(".") for label in columns[form.target])
    table = TextTable(path, form.columns, tuple(columns.values()), tuple(starts))
    _check(table, form)
    return table


def _check(table: TextTable, form: _Format) -> None:
    """Refuses a cell that the original files do not hold."""
    for name in (*form.numeric, *form.ordered, form.target):
        allowed = form.class_names if name == form.target else form.ordered.get(name)
        for line, cell in zip(table.lines, table.column(name), strict=True):
            if allowed is None and np.isnan(number(cell)):
                raise DataError(f"{table.path}, line {line}, column {name!r}: {cell!r} is no number; fetch it again.")
            if allowed is not None and cell not in allowed:
                raise DataError(
                    f"{table.path}, line {line}, column {name!r}: {cell!r} is none of {', '.join(allowed)}; "
                    "fetch it again."
                )


def _schema(table: TextTable, form: _Format, train: npt.NDArray[np.int64]) -> TableSchema:
    """What the columns are; categories are those of the training rows."""
    columns = []
    for name in form.columns:
        if name == form.target or name in form.ignored:
            continue
        if name in form.numeric:
            columns.append(Column(name))
        elif name in form.ordered:
            columns.append(Column(name, form.ordered[name], ordered=True))
        else:
            columns.append(categorical_column(table, name, train))
    return TableSchema(form.target, form.class_names, tuple(columns))


def load_uci(name: str, folder: Path | str | None, *, seed: int = 0, val_fraction: float | None = None) -> Dataset:
    """A table of `UCI_NAMES` with the official test split; breast-cancer, which has none, is split 80/20, stratified.

    Args:
        name: one of `UCI_NAMES`.
        folder: holds the original files, each with or without `.xz`.
        seed: decides which training rows validate, and breast-cancer's test split.
        val_fraction: how much of the training part validates; by default 0.15.

    Raises:
        ConfigError: no folder is given, or `val_fraction` is not between 0 and 1.
        DataError: a file is missing, damaged, of a wrong length, or not the original.
    """
    form = _FORMATS[name]
    folder = require_folder(name, folder, form.described)
    tables = [_read(find(folder, stem, ".xz", form.described), form, rows) for stem, rows in form.files]
    labels = [class_ids(table.column(form.target), form.class_names) for table in tables]
    rest, test = np.arange(len(labels[0])), np.arange(len(labels[-1]))
    if len(tables) == 1:
        rest, test = stratified_split(labels[0], split_count(len(labels[0]), _TEST_FRACTION), seed)
    count = split_count(len(rest), DEFAULT_VAL_FRACTION if val_fraction is None else val_fraction)
    kept, held = stratified_split(labels[0][rest], count, seed)
    train, val = rest[kept], rest[held]
    schema = _schema(tables[0], form, train)
    x, x_test = schema.encode(tables[0]), schema.encode(tables[-1])
    return Dataset(
        name=name,
        x_train=x[train],
        y_train=labels[0][train],
        x_val=x[val],
        y_val=labels[0][val],
        x_test=x_test[test],
        y_test=labels[-1][test],
        feature_names=schema.feature_names,
        class_names=form.class_names,
        schema=schema,
    )
