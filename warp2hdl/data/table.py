"""The user's own `.csv` as a data set: which columns are numeric, which categories there are, splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.data.csv_file import TextTable, closest, numbers, read_csv
from warp2hdl.data.dataset import Dataset
from warp2hdl.data.labels import class_ids, sorted_names
from warp2hdl.data.schema import Column, TableSchema, numeric_column
from warp2hdl.data.splits import DEFAULT_VAL_FRACTION, split_count, stratified_split
from warp2hdl.errors import ConfigError, DataError

_TEST_FRACTION = 0.2
_NUMERIC_SHARE = 0.9
_RARE = 10  # rows; categories below it share one feature
_FEWEST_ROWS = 10


def _labels(table: TextTable, target: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Class ids `[rows]` and class names of the target column."""
    cells = table.column(target)
    if "" in cells:
        raise DataError(
            f"{table.path}, line {table.lines[cells.index('')]}: the target {target!r} is empty; fill it in."
        )
    names = sorted_names(cells)
    if len(names) < 2:
        raise DataError(f"{table.path}: every row has the {target!r} {names[0]!r}; two classes at least are needed.")
    if len(names) * 2 > table.rows:
        raise DataError(
            f"{table.path}: the target {target!r} has {len(names)} different values in {table.rows} rows; "
            "choose a column of classes, or put the values into ranges."
        )
    return class_ids(cells, names), names


def categorical_column(table: TextTable, name: str, train: npt.NDArray[np.int64]) -> Column:
    """A column of categories, those of the training rows; the rare ones share a feature if there are several.

    Args:
        table: the table.
        name: the column.
        train: the training rows.
    """
    cells = table.column(name)
    counts = Counter(cells[row] for row in train)
    rare = sorted(category for category, n in counts.items() if n < _RARE)
    if len(rare) < 2:
        rare = []
    return Column(name, tuple(sorted(counts.keys() - set(rare))), tuple(rare))


def _column(table: TextTable, name: str, train: npt.NDArray[np.int64], forced: bool) -> Column:
    """Decides what a column is."""
    share = 0.0 if forced else np.mean(~np.isnan(numbers(table.column(name))))
    column = categorical_column(table, name, train)
    # Numbers with gaps would all end up among the rare categories: then the gaps are the mistake.
    lost = share > 0.5 and bool(np.isnan(numbers(column.categories or ())).all())
    if share >= _NUMERIC_SHARE or lost:
        numeric_column(table, name)
        return Column(name)
    return column


def load_table(
    path: Path | str,
    *,
    target: str | None,
    categorical: Sequence[str] = (),
    seed: int = 0,
    val_fraction: float | None = None,
) -> Dataset:
    """A `.csv` with a header as a data set, split 80/20 into training and test, stratified.

    A column is numeric if at least nine tenths of its cells are finite numbers (half of them, if they hardly
    repeat), else categorical: one 0/1 feature per category, with those of fewer than ten training rows sharing one
    (if there are several). A category never seen in training is all zeros. Numeric columns may have no gaps.

    Args:
        path: the file.
        target: the column that holds the label.
        categorical: columns that are categorical whatever they hold.
        seed: decides the splits.
        val_fraction: how much of the training part validates; by default 0.15.

    Raises:
        ConfigError: no target, an unknown categorical column, or `val_fraction` is not between 0 and 1.
        DataError: the file is at fault; the message says where.
    """
    table = read_csv(path)
    if target is None:
        raise ConfigError(f"{path} needs --target COLUMN, the column of the labels{closest('', table.names)}.")
    if target not in table.names:
        raise DataError(
            f"{path} has no column {target!r}{closest(target, table.names)} (if that is data, add a line of names)."
        )
    for name in categorical:
        if name not in table.names or name == target:
            raise ConfigError(f"{path} has no feature column {name!r} to be categorical{closest(name, table.names)}.")
    if table.rows < _FEWEST_ROWS:
        raise DataError(f"{path} has {table.rows} rows; training needs at least {_FEWEST_ROWS}.")
    y, class_names = _labels(table, target)
    rest, test = stratified_split(y, split_count(len(y), _TEST_FRACTION), seed)
    count = split_count(len(rest), DEFAULT_VAL_FRACTION if val_fraction is None else val_fraction)
    kept, held = stratified_split(y[rest], count, seed)
    train, val = rest[kept], rest[held]
    columns = tuple(_column(table, name, train, name in categorical) for name in table.names if name != target)
    schema = TableSchema(target, class_names, columns)
    if not schema.feature_names:
        raise DataError(f"{path} has no column besides {target!r} that tells rows apart; add some.")
    x = schema.encode(table)
    return Dataset(
        name=Path(path).stem,
        x_train=x[train],
        y_train=y[train],
        x_val=x[val],
        y_val=y[val],
        x_test=x[test],
        y_test=y[test],
        feature_names=schema.feature_names,
        class_names=class_names,
        schema=schema,
    )
