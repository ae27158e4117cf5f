import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.test_idx import idx
from warp2hdl.data import ArraySchema, Part, load_inputs, stream_inputs
from warp2hdl.data.inputs import rows_of
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


def joined(path: Path, part_bytes: int) -> tuple[np.ndarray, np.ndarray | None, list[Part]]:
    """All parts as one, and the parts without their samples, which are gone by then."""
    parts, x, labels = [], [], []
    for part in stream_inputs(path, SCHEMA, part_bytes):
        parts.append(part)
        x.append(part.x.copy())
        labels += [] if part.labels is None else [part.labels]
    return np.concatenate(x), np.concatenate(labels) if labels else None, parts


@pytest.mark.parametrize("kind", ["csv", "npy", "npz", "t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"])
def test_parts_are_the_whole(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    images, names = rng.integers(0, 256, (1000, 2, 3), np.uint8), np.array(["cat", "dog"])
    labels = names[rng.integers(0, 2, 1000)]
    path = tmp_path / (kind if "-" in kind else f"x.{kind}")
    if kind == "csv":
        rows = [",".join(map(str, [*image.ravel(), label])) for image, label in zip(images, labels, strict=True)]
        path.write_text("\n".join([",".join([*SCHEMA.feature_names, "label"]), *rows]))
    elif kind == "npy":
        np.save(path, images)
    elif kind == "npz":
        np.savez_compressed(path, x=images, y=labels)
    else:
        path.write_bytes(gzip.compress(idx(images)) if kind.endswith(".gz") else idx(images))
    for part_bytes in (1, 100, 1 << 20):
        x, found, parts = joined(path, part_bytes)
        assert np.array_equal(x, images.reshape(1000, 6)) and x.dtype == (np.float64 if kind == "csv" else np.uint8)
        assert (found is not None) == (kind in ("csv", "npz"))
        assert found is None or np.array_equal(names[found], labels)
        assert len(parts) == -(-1000 // rows_of(96 if kind == "csv" else 6, part_bytes))
        assert [part.done for part in parts] == sorted(part.done for part in parts)
        assert parts[-1].done == parts[-1].total == (path.stat().st_size if kind == "csv" else 1000)


def test_rows_of_a_part_are_whole_blocks_where_they_fit() -> None:
    assert [rows_of(width, 1 << 20) for width in (0, 784, 2048, 2049, 1 << 21)] == [1 << 20, 1024, 512, 511, 1]


@pytest.mark.parametrize(
    ("numbers", "ids"), [([7, 9, 7], [0, 1, 0]), ([0, 1, 0], [0, 1, 0]), ([7.0, 9.0, 9.0], [0, 1, 1])]
)
def test_labels_that_are_numbers(tmp_path: Path, numbers: list, ids: list) -> None:
    schema = ArraySchema(("7", "9"), SCHEMA.feature_names)
    np.savez(tmp_path / "x.npz", x=IMAGES[:3], y=np.array(numbers))
    for part_bytes in (1, 1 << 20):
        parts = stream_inputs(tmp_path / "x.npz", schema, part_bytes)
        assert [i for part in parts for i in part.labels.tolist()] == ids  # type: ignore[union-attr]


def test_one_number_that_is_no_name_decides_for_all(tmp_path: Path) -> None:
    # The last one says that classes are counted; then the 9 of the second part is none.
    np.savez(tmp_path / "x.npz", x=np.zeros((9, 6)), y=np.array([1, 1, 1, 1, 1, 9, 1, 1, 0]))
    schema = ArraySchema(("1", "9"), SCHEMA.feature_names)
    with pytest.raises(DataError, match=r"y: the label '9' of sample 5 is none of the 2 classes\."):
        list(stream_inputs(tmp_path / "x.npz", schema, 100))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((4, 1), np.int64), r"y has shape \(4, 1\); give one label a sample"),
        (np.zeros((), np.int64), r"y has shape \(\); give one label a sample"),
        (np.full(4, 0.5), "y holds float64; give labels as whole numbers or strings"),
        (np.array([0, 1, 0, 2]), "the label '2' of sample 3 is none of the 2 classes"),
    ],
)
def test_bad_labels_are_named(tmp_path: Path, labels: np.ndarray, message: str) -> None:
    np.savez(tmp_path / "x.npz", x=IMAGES, y=labels)
    with pytest.raises(DataError, match=message):
        list(stream_inputs(tmp_path / "x.npz", SCHEMA, 1))


@pytest.mark.parametrize(
    ("labels", "line"), [([""] * 8 + ["cat"], 2), (["cat"] * 8 + [""] * 8, 10), (["cat"] * 8 + ["cow"], 10)]
)
def test_a_column_of_labels_is_full_or_empty(tmp_path: Path, labels: list[str], line: int) -> None:
    path = tmp_path / "x.csv"
    header = ",".join([*SCHEMA.feature_names, "label"])
    path.write_text("\n".join([header, *(f"1,2,3,4,5,6,{label}" for label in labels)]))
    message = f"x.csv, line {line}, column 'label': '(cow)?' is none of the classes"
    for part_bytes in (1, 400, 1 << 20):
        with pytest.raises(DataError, match=message):
            list(stream_inputs(path, SCHEMA, part_bytes))


@pytest.mark.parametrize("change", [slice(None, -1), slice(None, -7)])
def test_a_cut_or_long_idx_file_is_noticed_at_its_end(tmp_path: Path, change: slice) -> None:
    path, content = tmp_path / "t10k-images-idx3-ubyte", idx(IMAGES)
    for damaged in (content[change], content + b"12"):
        path.write_bytes(damaged)
        held = len(damaged) - 16
        with pytest.raises(DataError, match=f"announces 24 values and holds {held}; fetch it again"):
            list(stream_inputs(path, SCHEMA, 6))
