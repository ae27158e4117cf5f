import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.data.real import real
from warp2hdl.data import TableSchema, load_inputs
from warp2hdl.data.schema import schema_from_json
from warp2hdl.data.uci import load_uci
from warp2hdl.errors import ConfigError, DataError

ADULT = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, "
    "{hours}, {country}, {label}"
)
CANCER = "{label},{age},premeno,0-4,36-39,{caps},3,left,left_low,no"
ROW = CANCER.format(label="recurrence-events", age="30-39", caps="no")


def cancer(folder: Path) -> Path:
    """286 rows; the label follows from the age."""
    ages = ("30-39", "90-99", "10-19")
    labels = ("no-recurrence-events", "recurrence-events", "no-recurrence-events")
    rows = [CANCER.format(label=labels[i % 3], age=ages[i % 3], caps="?" if i < 12 else "no") for i in range(286)]
    path = folder / "breast-cancer.data"
    path.write_text("\n".join(rows) + "\n\n")
    return path


def monk(folder: Path) -> None:
    """MONK's problem 1: the class is whether a1 equals a2 or a5 is 1."""
    for name, count in (("train", 124), ("test", 432)):
        lines = []
        for i in range(count):
            a = (1 + i % 3, 1 + i // 3 % 3, 1 + i % 2, 1 + i // 6 % 3, 1 + i // 5 % 4, 1 + i // 7 % 2)
            label = int(a[0] == a[1] or a[4] == 1)
            lines.append(f" {label} {' '.join(map(str, a))} data_{i + 1}")
        (folder / f"monks-1.{name}").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def adult(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the right length; the label is whether more than 40 hours are worked."""
    folder = tmp_path_factory.mktemp("adult")
    for name, count, stop in (("adult.data", 32561, ""), ("adult.test", 16281, ".")):
        rows = [
            ADULT.format(
                hours=20 + i % 60,
                country="?" if i % 10 == 0 else ("Cuba" if i % 3 else "Peru"),
                label=(">50K" if i % 60 > 20 else "<=50K") + stop,
            )
            for i in range(count)
        ]
        text = ("|1x3 Cross validator\n" if stop else "") + "\n".join(rows) + "\n\n"
        (folder / f"{name}.xz").write_bytes(lzma.compress(text.encode(), preset=0))
    return folder


def column(x: np.ndarray, names: tuple[str, ...], name: str) -> np.ndarray:
    return x[:, names.index(name)]


def test_adult_keeps_its_official_split_and_every_row(adult: Path) -> None:
    d = load_uci("adult", adult)
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == (27677, 4884, 16281)
    assert d.class_names == ("<=50K", ">50K")
    assert "fnlwgt" not in d.feature_names
    for x, y in ((d.x_train, d.y_train), (d.x_val, d.y_val), (d.x_test, d.y_test)):
        hours = column(x, d.feature_names, "hours-per-week")
        assert set(hours) == set(range(20, 80))  # every number of hours arrives, and decides the label
        assert np.array_equal(y, hours > 40)
        assert column(x, d.feature_names, "native-country=?").mean() == pytest.approx(0.1, abs=0.01)


def test_breast_cancer_is_split_by_the_seed(tmp_path: Path) -> None:
    path = cancer(tmp_path)
    a, b, c = (load_uci("breast-cancer", tmp_path, seed=seed) for seed in (0, 0, 1))
    assert [len(y) for y in (a.y_train, a.y_val, a.y_test)] == [195, 34, 57]
    assert np.array_equal(a.x_test, b.x_test) and not np.array_equal(a.x_test, c.x_test)
    assert np.array_equal(a.y_test, column(a.x_test, a.feature_names, "age") == 8)  # the ninth of the ranges
    assert set(column(a.x_test, a.feature_names, "age")) == {0, 2, 8}
    path.rename(tmp_path / "breast-cancer.data.xz")
    with pytest.raises(DataError, match=r"breast-cancer\.data\.xz is a damaged or truncated xz file"):
        load_uci("breast-cancer", tmp_path)


def test_monk_has_a_feature_for_each_value(tmp_path: Path) -> None:
    monk(tmp_path)
    d = load_uci("monk-1", tmp_path, seed=3, val_fraction=0.2)
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == (99, 25, 432)
    assert d.features == 15
    equal = sum(
        column(d.x_test, d.feature_names, f"a1={v}") * column(d.x_test, d.feature_names, f"a2={v}") for v in (1, 2, 3)
    )
    assert np.array_equal(d.y_test, np.maximum(equal, column(d.x_test, d.feature_names, "a5=1")))


def test_new_rows_are_read_the_same_way(tmp_path: Path) -> None:
    cancer(tmp_path)
    d = load_uci("breast-cancer", tmp_path)
    assert isinstance(d.schema, TableSchema)
    schema = schema_from_json(d.schema.to_json())
    assert schema == d.schema
    table = tmp_path / "new.csv"
    names = "age,menopause,tumor-size,inv-nodes,node-caps,deg-malig,breast,breast-quad,irradiat"
    table.write_text(f"{names}\n90-99,premeno,0-4,36-39,yes,3,left,left_low,no\n")
    x, labels = load_inputs(table, schema)
    assert labels is None
    named = dict(zip(d.feature_names, x[0], strict=True))
    assert (named["age"], named["inv-nodes"], named["deg-malig"]) == (8, 12, 3)
    table.write_text(f"{names}\n90-98,premeno,0-4,36-39,yes,3,left,left_low,no\n")
    with pytest.raises(DataError, match=r"line 2, column 'age': '90-98' is none of 10-19, .*, 90-99; correct it"):
        load_inputs(table, schema)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "\n\n",
            "\n" + CANCER.format(label="recurrence-events", age="30-39", caps="no"),
            "has 287 rows, the original 286",
        ),
        (",3,left", ",left", "line 1: 9 cells, not 10"),
        ("30-39", "30-40", "line 1, column 'age': '30-40' is none of 10-19, "),
        (",3,left", ",3.x,left", "line 1, column 'deg-malig': '3.x' is no number"),
        ("no-recurrence-events", "maybe", "line 1, column 'class': 'maybe' is none of no-recurrence-events"),
        ("premeno", "\x85\udcff", "is not text"),
    ],
)
def test_a_file_that_is_not_the_original_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = cancer(tmp_path)
    path.write_bytes(path.read_text().replace(old, new, 1).encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=f"^{path}.*{message}.*; fetch it again"):
        load_uci("breast-cancer", tmp_path)


def test_missing_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^adult is not built in; give --data FOLDER, the folder with adult\.data"):
        load_uci("adult", None)
    monk(tmp_path)
    (tmp_path / "monks-1.test").unlink()
    with pytest.raises(DataError, match=f"^{tmp_path} has no monks-1.test.xz; give --data FOLDER, the folder"):
        load_uci("monk-1", tmp_path)


@pytest.mark.parametrize(
    ("name", "sizes", "positive"),
    [
        ("breast-cancer", (195, 34, 57), 85),
        ("monk-1", (105, 19, 432), 62 + 216),
        ("monk-2", (144, 25, 432), 64 + 142),
        ("monk-3", (104, 18, 432), 60 + 228),
    ],
)
def test_real_files(name: str, sizes: tuple[int, int, int], positive: int) -> None:
    d = load_uci(name, real("uci"))
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == sizes
    assert d.y_train.sum() + d.y_val.sum() + d.y_test.sum() == positive


def test_real_adult() -> None:
    d = load_uci("adult", real("uci"))
    assert d.y_train.sum() + d.y_val.sum() == 7841
    assert d.y_test.sum() == 3846
    hours = column(d.x_test, d.feature_names, "hours-per-week")
    assert (hours.min(), hours.max(), len(set(hours))) == (1, 99, 89)
    complete = sum(column(d.x_test, d.feature_names, name) for name in d.feature_names if name.endswith("=?")) == 0
    assert complete.sum() == 15060
