import math
from pathlib import Path

import pytest

from warp2hdl.data.csv_file import closest, number, numbers, read_csv, read_csv_rows
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
        (b"a,b\n1,\xff\n", r"is not UTF-8 text \(byte 6\)"),
        ("\ufeffa,b\n1,é\n".encode()[:-2], r"is not UTF-8 text \(byte 9\)"),
        (b"a,b\n" + b"1,2\n" * 500_000 + b"1,\xe9\n", r"is not UTF-8 text \(byte 2000006\)"),
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


def test_rows_come_in_parts(tmp_path: Path) -> None:
    path = write(tmp_path, 'a;b\n1;"two\nlines"\n\n2;x\n3;y\n4;z\n5;w\n')
    whole = read_csv(path)
    for rows in (1, 2, 3, 5, 9):
        parts = list(read_csv_rows(path, rows))
        assert [part.rows for part in parts] == [rows] * (5 // rows) + [5 % rows] * (5 % rows > 0)
        assert tuple(line for part in parts for line in part.lines) == whole.lines == (2, 5, 6, 7, 8)
        for column in range(2):
            assert tuple(cell for part in parts for cell in part.columns[column]) == whole.columns[column]
        assert parts[-1].bytes_read == whole.bytes_read == path.stat().st_size


def test_rows_before_a_bad_one_come_first(tmp_path: Path) -> None:
    parts = read_csv_rows(write(tmp_path, "a,b\n1,2\n3,4\n5\n"), 2)
    assert next(parts).lines == (2, 3)
    with pytest.raises(DataError, match="line 4: 1 cells where the header has 2"):
        next(parts)


@pytest.mark.parametrize("odd", ["", "?", "nan", "-inf", "1e999", "1_000", "x"])
def test_one_odd_cell_leaves_the_other_numbers(odd: str) -> None:
    assert numbers(["1", " 2.5 ", "3"]).tolist() == [1, 2.5, 3]
    found = numbers(["1", odd, "3"])
    assert found[[0, 2]].tolist() == [1, 3] and math.isnan(found[1])
