"""How raw input becomes features: small values that go into a circuit's metadata as JSON and come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

from warp2hdl.data.csv_file import TextTable, numbers
from warp2hdl.data.labels import class_ids
from warp2hdl.errors import DataError, FormatError

OTHER = "other"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: its name in the header.
        categories: for a categorical column the categories that have a feature of their own, ascending; None for a
            numeric one.
        merged: categories too rare for that, which share the feature `NAME=other`.
        ordered: whether the categories are steps of a scale, as ranges of ages are: then the column is one feature,
            the place of its category, from 0, and no other category is allowed.
    """

    name: str
    categories: tuple[str, ...] | None = None
    merged: tuple[str, ...] = ()
    ordered: bool = False

    @cached_property
    def _kept(self) -> tuple[str, ...]:
        """The categories with a feature: all, but of two only the second."""
        # A category that is itself called `other` joins the rare ones.
        kinds = tuple(dict.fromkeys((self.categories or ()) + ((OTHER,) if self.merged else ())))
        return kinds[1:] if len(kinds) <= 2 else kinds

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that the column becomes: one 0/1 feature per category; of two categories only the second."""
        if self.categories is None or self.ordered:
            return (self.name,)
        return tuple(f"{self.name}={category}" for category in self._kept)

    def encode(self, table: TextTable) -> npt.NDArray[np.float64]:
        """The column's features `[rows, features]`; a category never seen in training is all zeros.

        Raises:
            DataError: the column is missing, a cell of a numeric column is not a finite number, or one of an ordered
                column is no category.
        """
        cells = table.column(self.name)
        if self.categories is None:
            return numeric_column(table, self.name)[:, None]
        if self.ordered:
            return _ordered_column(table, self.name, self.categories)[:, None]
        merged = set(self.merged)
        place = {category: i for i, category in enumerate(self._kept)}
        found = np.array([place.get(OTHER if cell in merged else cell, -1) for cell in cells], np.int64)
        return (found[:, None] == np.arange(len(self._kept))).astype(np.float64)


def numeric_column(table: TextTable, name: str) -> npt.NDArray[np.float64]:
    """A numeric column, float64 `[rows]`.

    Raises:
        DataError: names the first cell that is not a finite number.
    """
    cells = table.column(name)
    values = numbers(cells)
    bad = np.flatnonzero(np.isnan(values))
    if len(bad):
        row = int(bad[0])
        what = f"{cells[row]!r} is not a finite number" if cells[row] else "the cell is empty"
        raise DataError(
            f"{table.path}, line {table.lines[row]}, column {name!r}: {what}; "
            f"correct it, or train with the column declared categorical (--categorical {name})."
        )
    return values


def _ordered_column(table: TextTable, name: str, categories: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """The places of a column's cells on its scale, float64 `[rows]`."""
    cells = table.column(name)
    places = class_ids(cells, categories)
    bad = np.flatnonzero(places < 0)
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"{table.path}, line {table.lines[row]}, column {name!r}: {cells[row]!r} is none of "
            f"{', '.join(categories)}; correct it."
        )
    return places.astype(np.float64)


@dataclass
class LabelColumn:
    """The labels of a table that is read in parts: filled in every row, or in none.

    Attributes:
        name: the column's; None where a table has no labels.
        class_names: what its cells may hold.
    """

    name: str | None
    class_names: tuple[str, ...]
    _empty_line: int | None = field(default=None, init=False)
    _filled: bool = field(default=False, init=False)

    @staticmethod
    def of(schema: Schema) -> LabelColumn:
        """The column that a schema says, unless that is one of the features."""
        is_feature = isinstance(schema, ArraySchema) and schema.target in schema.feature_names
        return LabelColumn(None if is_feature else schema.target, schema.class_names)

    def ids(self, table: TextTable) -> npt.NDArray[np.int64] | None:
        """Class ids `[rows]` of the next part; None where the column is missing or was empty so far.

        Raises:
            DataError: names the first cell that is no class.
        """
        if self.name is None or self.name not in table.names:
            return None
        cells = table.column(self.name)
        if not self._filled and not any(cells):
            self._empty_line = self._empty_line or table.lines[0]
            return None
        self._filled = True
        if self._empty_line is not None:
            self._refuse(table.path, self._empty_line, "")
        ids = class_ids(cells, self.class_names)
        bad = np.flatnonzero(ids < 0)
        if len(bad):
            row = int(bad[0])
            self._refuse(table.path, table.lines[row], cells[row])
        return ids

    def _refuse(self, path: Path, line: int, cell: str) -> NoReturn:
        raise DataError(
            f"{path}, line {line}, column {self.name!r}: {cell!r} is none of the classes "
            f"({', '.join(self.class_names[:20])}); correct it, or remove the column."
        )


@dataclass(frozen=True)
class TableSchema:
    """Rows of a table -> features.

    Attributes:
        target: the column that holds the label.
        class_names: one per class.
        columns: all other columns that were trained on.
    """

    kind: ClassVar[str] = "table"
    target: str
    class_names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One per feature, in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    def encode(self, table: TextTable) -> npt.NDArray[np.float64]:
        """Features `[rows, features]` of a table that has these columns; others are ignored.

        Raises:
            DataError: as `Column.encode`.
        """
        return np.concatenate([column.encode(table) for column in self.columns], axis=1)

    def to_json(self) -> dict[str, Any]:
        """The schema in what JSON can hold."""
        columns = [
            {
                "name": c.name,
                "categories": None if c.categories is None else list(c.categories),
                "merged": list(c.merged),
                "ordered": c.ordered,
            }
            for c in self.columns
        ]
        return {"kind": self.kind, "target": self.target, "class_names": list(self.class_names), "columns": columns}


@dataclass(frozen=True)
class ArraySchema:
    """Samples that are features already: pixels, or the columns of an array.

    Attributes:
        class_names: one per class.
        feature_names: one per feature, in order.
        target: the column of a `.csv` that holds the label.
    """

    kind: ClassVar[str] = "array"
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    target: str = "label"

    def encode(self, table: TextTable) -> npt.NDArray[np.float64]:
        """Features `[rows, features]` of a table.

        The columns are found by name; if none but the target has a feature's name, they are taken in order.

        Raises:
            DataError: a wrong number of columns, or a cell that is not a finite number.
        """
        names: tuple[str, ...] = self.feature_names
        if not set(names) & set(table.names):
            names = tuple(name for name in table.names if name != self.target)
            if len(names) != len(self.feature_names):
                raise DataError(
                    f"{table.path} has {len(names)} columns besides {self.target!r}; "
                    f"this circuit takes {len(self.feature_names)} features."
                )
        return np.stack([numeric_column(table, name) for name in names], axis=1)

    def to_json(self) -> dict[str, Any]:
        """The schema in what JSON can hold."""
        return {
            "kind": self.kind,
            "class_names": list(self.class_names),
            "feature_names": list(self.feature_names),
            "target": self.target,
        }


Schema = TableSchema | ArraySchema


def _texts(values: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("a list of strings is something else")
    return tuple(values)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, str):
        raise TypeError("a string is something else")
    return value


def _column_from_json(data: Mapping[str, Any]) -> Column:
    categories = None if data["categories"] is None else _texts(data["categories"])
    ordered = data.get("ordered", False)  # circuits of version 0.1.0 have none
    if not isinstance(ordered, bool):
        raise TypeError("a truth value is something else")
    return Column(_text(data["name"]), categories, _texts(data["merged"]), ordered)


def schema_from_json(data: Mapping[str, Any]) -> Schema:
    """The schema that `to_json` described.

    Raises:
        FormatError: it is not such a description.
    """
    try:
        kind = data["kind"]
        if kind == ArraySchema.kind:
            return ArraySchema(_texts(data["class_names"]), _texts(data["feature_names"]), _text(data["target"]))
        if kind == TableSchema.kind:
            columns = tuple(_column_from_json(c) for c in data["columns"])
            return TableSchema(_text(data["target"]), _texts(data["class_names"]), columns)
    except (KeyError, TypeError) as error:
        raise FormatError(f"the description of the input data is damaged ({error}); train again.") from error
    raise FormatError(f"the input data is of the unknown kind {kind!r}; upgrade warp2hdl or train again.")
