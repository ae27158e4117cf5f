import json
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.data.real import real
from warp2hdl.data import Column, TableSchema, load, load_inputs, schema_from_json
from warp2hdl.data.table import load_table
from warp2hdl.errors import ConfigError, DataError

ADULT = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
    "capital-loss,hours-per-week,native-country,income\n"
)


def write(path: Path, rows: Sequence[Sequence[object]], header: str = "size,colour,sex,label") -> Path:
    path.write_text(header + "\n" + "".join(", ".join(map(str, row)) + "\n" for row in rows))
    return path


def rows(count: int = 200) -> list[list[object]]:
    """Sizes 0 to 199, four colours of which two are rare, two sexes, two classes."""
    colours = ["red"] * 9 + ["green"] * 9 + ["?", "blue"]
    return [
        [i, colours[i * 7 % 20] if i < 60 else colours[i % 18], "fm"[i % 2], "ab"[i % 4 == 0]] for i in range(count)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "things.csv", rows())


def test_splits_are_stratified_and_disjoint(path: Path) -> None:
    d = load_table(path, target="label")
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == (136, 24, 40)
    sizes = np.concatenate([d.x_train[:, 0], d.x_val[:, 0], d.x_test[:, 0]])
    assert np.array_equal(np.sort(sizes), np.arange(200))
    assert [int(y.sum()) for y in (d.y_train, d.y_val, d.y_test)] == [34, 6, 10]
    for x, y in ((d.x_train, d.y_train), (d.x_val, d.y_val), (d.x_test, d.y_test)):
        assert np.array_equal(y, (x[:, 0] % 4 == 0).astype(np.int64))
        assert (x.dtype, y.dtype) == (np.float64, np.int64)
    assert (d.name, d.class_names, d.features, d.classes) == ("things", ("a", "b"), len(d.feature_names), 2)


def test_columns_become_features(path: Path) -> None:
    d = load_table(path, target="label")
    assert d.feature_names == ("size", "colour=green", "colour=red", "colour=other", "sex=m")
    assert isinstance(d.schema, TableSchema)
    assert d.schema.columns == (
        Column("size"),
        Column("colour", ("green", "red"), ("?", "blue")),
        Column("sex", ("f", "m")),
    )
    table = {row[0]: row for row in rows()}
    for x in d.x_test:
        _, colour, sex, _ = table[int(x[0])]
        expected = [colour == "green", colour == "red", colour in ("?", "blue"), sex == "m"]
        assert x[1:].tolist() == expected


def test_the_seed_decides_the_splits(path: Path) -> None:
    a, b, c = (load_table(path, target="label", seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(a.x_test, b.x_test) and np.array_equal(a.x_val, b.x_val)
    assert not np.array_equal(a.x_test, c.x_test)


def test_a_numeric_column_can_be_declared_categorical(tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [[i % 3, "x", "f", "ab"[i % 2]] for i in range(90)])
    d = load_table(path, target="label", categorical=["size"])
    assert d.feature_names == ("size=0", "size=1", "size=2")
    with pytest.raises(ConfigError, match=r"no feature column 'label' to be categorical"):
        load_table(path, target="label", categorical=["label"])


def test_a_rare_category_alone_keeps_its_feature(tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [[i, "c" if i % 30 == 0 else "ab"[i % 2], "f", "ab"[i % 2]] for i in range(90)])
    assert load_table(path, target="label").feature_names == ("size", "colour=a", "colour=b", "colour=c")


def test_new_rows_follow_the_schema(path: Path, tmp_path: Path) -> None:
    schema = schema_from_json(json.loads(json.dumps(load_table(path, target="label").schema.to_json())))
    new = tmp_path / "new.csv"
    new.write_text("extra;sex;size;colour\n1;m;-3.5;blue\n2;x;1e3;violet\n")
    x, labels = load_inputs(new, schema)
    assert x.tolist() == [[-3.5, 0, 0, 1, 1], [1000, 0, 0, 0, 0]]
    assert labels is None
    new.write_text("sex,size,colour,label\nm,1,red,b\nf,2,green,a\n")
    x, labels = load_inputs(new, schema.to_json())
    assert x.tolist() == [[1, 0, 1, 0, 1], [2, 1, 0, 0, 0]]
    assert labels is not None and labels.tolist() == [1, 0]
    new.write_text("sex,size,colour,label\nm,1,red,\nf,2,green,\n")
    assert load_inputs(new, schema)[1] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sex,size\nm,1\n", "has no column 'colour'"),
        ("sex,size,colour\nm,1,red\nm,wide,red\n", "line 3, column 'size': 'wide' is not a finite number"),
        ("sex,size,colour,label\nm,1,red,c\n", r"line 2, column 'label': 'c' is none of the classes \(a, b\)"),
    ],
)
def test_bad_new_rows_are_named(path: Path, tmp_path: Path, text: str, message: str) -> None:
    schema = load_table(path, target="label").schema
    new = tmp_path / "new.csv"
    new.write_text(text)
    with pytest.raises(DataError, match=f"new.csv.*{message}"):
        load_inputs(new, schema)


@pytest.mark.parametrize("cell", ["wide", "nan", "inf", "", "?"])
def test_a_bad_cell_of_a_numeric_column_is_named(tmp_path: Path, cell: str) -> None:
    table = rows()
    table[41][0] = cell
    what = f"'{cell}' is not a finite number".replace("?", r"\?") if cell else "the cell is empty"
    with pytest.raises(DataError, match=rf"bad.csv, line 43, column 'size': {what}; .*--categorical size"):
        load_table(write(tmp_path / "bad.csv", table), target="label")


def test_mostly_numbers_with_common_texts_are_categories(tmp_path: Path) -> None:
    table = [["none" if i % 5 == 0 else i % 3, "red", "f", "ab"[i % 2]] for i in range(200)]
    d = load_table(write(tmp_path / "t.csv", table), target="label")
    assert d.feature_names == ("size=0", "size=1", "size=2", "size=none")


def test_measurements_with_many_gaps_are_not_taken_for_categories(tmp_path: Path) -> None:
    table = rows()
    for i in range(0, 200, 3):
        table[i][0] = "unknown"
    path = write(tmp_path / "t.csv", table)
    with pytest.raises(DataError, match="line 2, column 'size': 'unknown' is not a finite number"):
        load_table(path, target="label")
    d = load_table(path, target="label", categorical=["size"])
    assert d.feature_names[0] == "size=other"


def test_the_target_must_be_there_and_make_sense(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs --target COLUMN.*it has size, colour, sex, label"):
        load_table(path, target=None)
    with pytest.raises(
        DataError, match=r"no column 'lable' \(did you mean 'label'\?\); it has size, colour, sex, label"
    ):
        load_table(path, target="lable")
    with pytest.raises(DataError, match="the target 'size' has 200 different values in 200 rows"):
        load_table(path, target="size")
    one = write(tmp_path / "one.csv", [[i, "red", "f", "a"] for i in range(20)])
    with pytest.raises(DataError, match="every row has the 'label' 'a'; two classes at least"):
        load_table(one, target="label")
    gap = write(tmp_path / "gap.csv", [[i, "red", "f", "ab "[i % 2 if i != 7 else 2].strip()] for i in range(20)])
    with pytest.raises(DataError, match="line 9: the target 'label' is empty"):
        load_table(gap, target="label")


def test_too_little_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 9 rows; training needs at least 10"):
        load_table(write(tmp_path / "few.csv", rows(9)), target="label")
    same = write(tmp_path / "same.csv", [["x", "ab"[i % 2]] for i in range(30)], "kind,label")
    with pytest.raises(DataError, match="no column besides 'label' that tells rows apart"):
        load_table(same, target="label")


def test_adult_loads_with_a_header(tmp_path: Path) -> None:
    path = tmp_path / "adult.csv"
    with lzma.open(real("uci/adult.data.xz"), "rt") as file:
        path.write_text(ADULT + file.read())
    d = load(path, target="income")
    assert d.class_names == ("<=50K", ">50K")
    assert len(d.y_train) + len(d.y_val) + len(d.y_test) == 32561
    assert {"age", "workclass=?", "workclass=Private", "sex=Male"} <= set(d.feature_names)
    assert "fnlwgt" in d.feature_names and d.x_train[:, d.feature_names.index("fnlwgt")].max() > 10**6
