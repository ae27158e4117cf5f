import json
from pathlib import Path

import numpy as np
import pytest

from warp2hdl.data import ArraySchema, Column, TableSchema, load_inputs, schema_from_json
from warp2hdl.errors import DataError, FormatError

ARRAY = ArraySchema(("a", "b"), ("p", "q"))
TABLE = TableSchema("y", ("a", "b"), (Column("n"), Column("c", ("é", "z"), ("r", "s")), Column("d", ("0", "1"))))
SCALE = TableSchema("y", ("a", "b"), (Column("n", ("low", "middle", "high"), ordered=True),))


@pytest.mark.parametrize("schema", [ARRAY, TABLE, SCALE])
def test_json_round_trip(schema: ArraySchema | TableSchema) -> None:
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (Column("n"), ("n",)),
        (Column("c", ("a", "b", "c")), ("c=a", "c=b", "c=c")),
        (Column("c", ("a", "b")), ("c=b",)),
        (Column("c", ("a",)), ()),
        (Column("c", ("a",), ("r", "s")), ("c=other",)),
        (Column("c", ("a", "other"), ("r", "s")), ("c=other",)),
        (Column("c", ("a", "b", "other"), ("r", "s")), ("c=a", "c=b", "c=other")),
        (Column("c", (), ("r", "s")), ()),
        (Column("c", ("a", "b", "c"), ordered=True), ("c",)),
    ],
)
def test_features_of_a_column(column: Column, names: tuple[str, ...]) -> None:
    assert column.feature_names == names


def test_a_category_called_other_joins_the_rare_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("c,y\nother,a\nr,a\nb,b\nnew,b\n")
    x, _ = load_inputs(path, TableSchema("y", ("a", "b"), (Column("c", ("a", "b", "other"), ("r", "s")),)))
    assert x.tolist() == [[0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_array_columns_by_name_or_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("q,label,p\n1,b,2\n3,a,4\n")
    x, labels = load_inputs(path, ARRAY)
    assert x.tolist() == [[2, 1], [4, 3]]
    assert labels is not None and labels.tolist() == [1, 0]
    path.write_text("first,second\n1,2\n")
    x, labels = load_inputs(path, ARRAY)
    assert (x.tolist(), labels) == ([[1, 2]], None)
    assert x.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p,r\n1,2\n", "has no column 'q'"),
        ("a,b,c\n1,2,3\n", "has 3 columns besides 'label'; this circuit takes 2 features"),
        ("p,q\n1,2\n1,x\n", "line 3, column 'q': 'x' is not a finite number"),
    ],
)
def test_wrong_array_columns_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        load_inputs(path, ARRAY)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "sound"},
        {"class_names": "ab"},
        {"class_names": [1]},
        {"target": None},
        {"columns": [{}]},
        {"columns": 3},
    ],
)
def test_a_damaged_description_is_refused(change: dict) -> None:
    with pytest.raises(FormatError, match=r"damaged|unknown kind 'sound'"):
        schema_from_json(TABLE.to_json() | change)
    with pytest.raises(FormatError, match="damaged"):
        schema_from_json({})


def test_an_ordered_column_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n\nhigh\nlow\n")
    assert load_inputs(path, SCALE)[0].tolist() == [[2], [0]]
    path.write_text("n\nhigh\ntiny\n")
    with pytest.raises(DataError, match=r"line 3, column 'n': 'tiny' is none of low, middle, high; correct it"):
        load_inputs(path, SCALE)


def test_a_column_of_version_0_1_is_not_ordered() -> None:
    described = TABLE.to_json()
    for column in described["columns"]:
        del column["ordered"]
    assert schema_from_json(described) == TABLE
    described["columns"][0]["ordered"] = 1
    with pytest.raises(FormatError, match="a truth value is something else"):
        schema_from_json(described)
