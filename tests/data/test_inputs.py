import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.test_idx import idx
from warp2hdl.data import ArraySchema, load_inputs
from warp2hdl.errors import DataError

SCHEMA = ArraySchema(("cat", "dog"), tuple(f"pixel_{i}" for i in range(6)))
IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)


def test_npy_is_features_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", IMAGES)
    x, labels = load_inputs(tmp_path / "x.npy", SCHEMA)
    assert (x.dtype, labels) == (np.uint8, None)
    assert np.array_equal(x, IMAGES.reshape(4, 6))


def test_the_case_of_the_ending_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "X.CSV").write_text("label," + ",".join(SCHEMA.feature_names) + "\ndog,1,2,3,4,5,6\n")
    x, labels = load_inputs(tmp_path / "X.CSV", SCHEMA)
    assert (x.tolist(), labels is not None and labels.tolist()) == ([[1, 2, 3, 4, 5, 6]], [1])


@pytest.mark.parametrize(("x_name", "y_name"), [("x", "y"), ("x_test", "y_test")])
def test_npz_may_have_labels(tmp_path: Path, x_name: str, y_name: str) -> None:
    path = tmp_path / "x.npz"
    arrays: dict[str, Any] = {x_name: IMAGES / 2}
    np.savez(path, **arrays)
    assert load_inputs(path, SCHEMA.to_json())[1] is None
    np.savez(path, **arrays | {y_name: np.array(["dog", "cat", "cat", "dog"])})
    x, labels = load_inputs(path, SCHEMA)
    assert x.dtype == np.float64 and labels is not None and labels.tolist() == [1, 0, 0, 1]
    np.savez(path, **arrays | {y_name: np.array([1, 0])})
    with pytest.raises(DataError, match=f"{x_name} has 4 samples, {y_name} 2 labels"):
        load_inputs(path, SCHEMA)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_images(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t10k-images-idx3-ubyte{suffix}"
    path.write_bytes(gzip.compress(idx(IMAGES)) if suffix else idx(IMAGES))
    x, labels = load_inputs(path, SCHEMA)
    assert np.array_equal(x, IMAGES.reshape(4, 6)) and labels is None


def test_bad_inputs_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.txt is of no known kind; give a .csv, .npy, .npz"):
        load_inputs(tmp_path / "x.txt", SCHEMA)
    with pytest.raises(DataError, match=r"x.npy is not a file"):
        load_inputs(tmp_path / "x.npy", SCHEMA)
    np.save(tmp_path / "x.npy", IMAGES[:, :1])
    with pytest.raises(DataError, match="has 3 features a sample; this circuit takes 6"):
        load_inputs(tmp_path / "x.npy", SCHEMA)
    np.savez(tmp_path / "x.npz", z=IMAGES)
    with pytest.raises(DataError, match="has neither x nor x_test"):
        load_inputs(tmp_path / "x.npz", SCHEMA)
    np.save(tmp_path / "x.npy", np.array([[0.0] * 5 + [np.inf]]))
    with pytest.raises(DataError, match="sample 0, feature 5 is inf"):
        load_inputs(tmp_path / "x.npy", SCHEMA)
