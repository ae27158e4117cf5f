from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warp2hdl.data.arrays import load_npz, read_npz
from warp2hdl.errors import DataError


def arrays(**changes: Any) -> dict[str, Any]:
    """A small data set; a change to None leaves the array out."""
    rng = np.random.default_rng(0)
    found: dict[str, Any] = {
        "x_train": rng.random((40, 3)),
        "y_train": np.arange(40) % 4 * 5,
        "x_test": rng.random((8, 3)),
        "y_test": np.arange(8) % 4 * 5,
    }
    return {name: value for name, value in (found | changes).items() if value is not None}


def write(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays(**changes))
    return path


def test_four_arrays_are_enough(tmp_path: Path) -> None:
    d = load_npz(write(tmp_path))
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == (34, 6, 8)
    assert (d.name, d.class_names, d.feature_names) == ("mine", ("0", "5", "10", "15"), ("x0", "x1", "x2"))
    assert d.y_test.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert np.array_equal(d.x_test, arrays()["x_test"])
    assert d.image_shape is None


def test_names_and_validation_may_be_given(tmp_path: Path) -> None:
    words = np.array(["no", "yes"])
    path = write(
        tmp_path,
        y_train=words[np.arange(40) % 2],
        y_test=words[np.arange(8) % 2],
        x_val=np.ones((4, 3)),
        y_val=words[[1, 1, 0, 0]],
        class_names=words[::-1],
        feature_names=np.array(["a", "b", "c"]),
    )
    d = load_npz(path)
    assert (d.class_names, d.feature_names) == (("yes", "no"), ("a", "b", "c"))
    assert d.y_val.tolist() == [0, 0, 1, 1]
    assert len(d.y_train) == 40


def test_images_are_flattened_and_bytes_stay_bytes(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (48, 2, 2, 3), dtype=np.uint8)
    d = load_npz(write(tmp_path, x_train=images[:40], x_test=images[40:]))
    assert (d.x_train.shape, d.x_train.dtype, d.image_shape) == ((34, 12), np.uint8, (2, 2, 3))
    assert np.array_equal(d.x_test, images[40:].reshape(8, 12))
    mixed = load_npz(write(tmp_path, x_train=images[:40], x_test=images[40:].astype(np.float32)))
    assert mixed.x_train.dtype == mixed.x_test.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": None, "y_test": None}, "lacks x_test, y_test"),
        ({"x_val": np.ones((4, 3))}, "lacks x_val and y_val together"),
        ({"x_train": np.ones((39, 3))}, "x_train has 39 samples, y_train 40 labels"),
        ({"x_test": np.ones((8, 2))}, "x_test has 2 features, x_train 3"),
        ({"x_test": np.ones(8)}, r"x_test has shape \(8,\)"),
        ({"x_test": np.array([[0, 1, np.nan]] * 8)}, "x_test: sample 0, feature 2 is nan"),
        ({"x_train": np.full((40, 3), "a")}, "x_train holds <U1; give real numbers"),
        ({"x_train": np.ones((40, 3), complex)}, "x_train holds complex128"),
        ({"y_test": np.full(8, 7)}, "y_test: the label '7' of sample 0 is none of the 4 classes"),
        ({"y_train": np.zeros(40, int)}, "has 1 class; two classes at least"),
        ({"y_train": np.linspace(0, 1, 40)}, "y_train holds float64; give labels as whole numbers or strings"),
        ({"feature_names": np.array(["a"])}, "1 feature_names for 3 features"),
    ],
)
def test_bad_arrays_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(DataError, match=f"{path}.*{message}"):
        load_npz(path)


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, y_train=np.array([{"a": 1}] * 40))
    with pytest.raises(DataError, match="is damaged or holds Python objects"):
        load_npz(path)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    content = path.read_bytes()
    for damaged in (b"", b"hello", content[:200], content[:-30], content[:100] + b"\xff" * 300 + content[400:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=f"{path}"):
            read_npz(path)
    with pytest.raises(DataError, match="is not a file"):
        read_npz(tmp_path)
