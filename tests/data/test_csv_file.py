import math
from pathlib import Path

import pytest

from warp2hdl.data.csv_file import closest, number, read_csv
from warp2hdl.errors import DataError


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_spaces_and_quotes(tmp_path: Path, separator: str, end: str) -> None:
    rows = [["a b", " c ", "d"], ["1", ' "x, y; ""z"""', " 2"], ["", "q", "3 "]]
    table = read_csv(write(tmp_path, end.join(separator.join(row) for row in rows) + end))
    assert table.names == ("a b", "c", "d")
    assert table.columns == (("1", ""), ('x, y; "z"', "q"), ("2", "3"))
    assert (table.lines, table.rows) == ((2, 3), 2)
    assert table.column("d") == ("2", "3")


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    table = read_csv(write(tmp_path, '\ufeff\n\na,b\n1,"two\nlines"\n\n2,x\n'))
    assert table.names == ("a", "b")
    assert table.lines == (4, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it needs a header"),
        ("\n \n", "is empty"),
        ("a,b\n", "has a header and no rows"),
        ("1,2.5\n3,4\n", "has no header: its first line holds only numbers"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,,b\n1,2,3\n", "column 2 of the header has no name"),
        ("a,b\n1,2\n3\n", "line 3: 1 cells where the header has 2"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4: 3 cells where the header has 2"),
        ('a,b\n1,"2\n3,4\n', "line 2: .*quotes"),
        (b"a,b\n1,\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=f"{path}.*{message}") as caught:
        read_csv(path)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.csv is not a file"):
        read_csv(tmp_path / "none.csv")


def test_an_unknown_column_is_named_with_the_closest(tmp_path: Path) -> None:
    table = read_csv(write(tmp_path, "Income,Age\n1,2\n"))
    with pytest.raises(DataError, match=r"no column 'income' \(did you mean 'Income'\?\); it has Income, Age"):
        table.column("income")


def test_long_lists_of_names_are_cut() -> None:
    assert closest("zzz", [f"pixel{i}" for i in range(784)]).endswith("pixel39, ...")


def test_numbers_are_finite_and_plain() -> None:
    assert [number(cell) for cell in ("1", "-2.5e3", "+.5")] == [1, -2500, 0.5]
    assert all(
        math.isnan(number(cell)) for cell in ("", "?", "nan", "inf", "-Infinity", "1e999", "1_000", "1,5", "0x1")
    )
