import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warp2hdl.data.npy_file import readable, stored_arrays
from warp2hdl.errors import DataError


def save(path: Path, values: np.ndarray, packed: bool = False) -> None:
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        (np.savez_compressed if packed else np.savez)(path, x=values)


def whole(path: Path, rows: int) -> np.ndarray:
    with stored_arrays(path, ("x",)) as arrays, readable(path):
        parts = [part.copy() for part in arrays["x"].parts(rows)]
    assert {len(part) for part in parts[:-1]} <= {rows} and len(parts[-1]) <= rows
    return np.concatenate(parts)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("dtype", ["u1", "?", ">i2", "<f4", "f8"])
@pytest.mark.parametrize("shape", [(10,), (7, 1), (11, 3), (9, 2, 3), (5, 2, 3, 4)])
def test_parts_are_the_array(tmp_path: Path, order: Any, name: str, dtype: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 100, shape).astype(dtype).copy(order)
    save(tmp_path / name, values, packed=dtype == "u1")
    for rows in (1, 4, 100):
        found = whole(tmp_path / name, rows)
        assert found.dtype == values.dtype.newbyteorder("=") and np.array_equal(found, values)


def test_what_is_in_the_file_tells_what_it_is(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.arange(3))
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    assert whole(tmp_path / "x.npy", 2).tolist() == [0, 1, 2]


def test_only_the_first_set_of_names_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x_test=np.zeros(1), y=np.zeros(2), y_test=np.zeros(3), other=np.array([{}]))
    for choices, names in (
        ((("x", "y"), ("x_test", "y_test")), ["x_test", "y_test"]),
        ((("y", "z"),), ["y"]),
        ((("z", "y"),), []),
    ):
        with stored_arrays(path, *choices) as arrays:
            assert list(arrays) == names


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def damaged(name: str) -> bytes:
    good = npy(np.arange(60_000).reshape(-1, 3))
    if name == "a member that lies about its sum":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("x.npy", good)
        content = bytearray(file.getvalue())
        content[1000] ^= 1
        return bytes(content)
    if name == "a packed member cut within":
        file = io.BytesIO()
        np.savez_compressed(file, x=np.random.default_rng(0).random((1000, 3)))
        content = file.getvalue()
        return content[:2000] + b"\xff" * 300 + content[2300:]
    return {
        "empty": b"",
        "text": b"hello",
        "header cut": good[:60],
        "values cut": good[:-1],
        "another format": good[:6] + b"\x09" + good[7:],
        "objects": npy(np.array([{}])),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        *("empty", "text", "header cut", "values cut", "another format", "objects"),
        *("a member that lies about its sum", "a packed member cut within"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(damaged(name))
    with pytest.raises(DataError, match=f"^{path} is damaged or holds Python objects .*; save plain arrays again"):
        whole(path, 100)


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.zeros((100_000, 3)))
    with stored_arrays(path) as arrays, pytest.raises(DataError, match="it ends before its last value"), readable(path):
        for _ in arrays["x"].parts(10_000):
            path.open("r+b").truncate(1_000_000)


def test_a_shape_that_no_memory_holds_is_no_shape(tmp_path: Path) -> None:
    good = npy(np.zeros((9, 9), np.uint8))
    (tmp_path / "x.npy").write_bytes(good.replace(b"(9, 9), }    ", b"(9, 99999), }"))
    with pytest.raises(DataError, match=r"\(9, 99999\) values of uint8 are announced, and 81 bytes follow"):
        whole(tmp_path / "x.npy", 1)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a file; check the path"), stored_arrays(tmp_path):
        pass
