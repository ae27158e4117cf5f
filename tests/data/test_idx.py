import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.data.real import real
from warp2hdl.data.idx import load_idx, read_idx
from warp2hdl.errors import ConfigError, DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"


def idx(array: np.ndarray) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """200 training and 50 test images of 4 x 3 pixels; the label is the first pixel."""
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 200), ("t10k", 50)):
        images = rng.integers(0, 256, (count, 4, 3))
        images[:, 0, 0] = np.arange(count) % 10
        (tmp_path / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(images[:, 0, 0]))
    return tmp_path


def test_images_and_labels_stay_together(folder: Path) -> None:
    d = load_idx("mnist", folder)
    assert [x.shape for x in (d.x_train, d.x_val, d.x_test)] == [(167, 12), (33, 12), (50, 12)]
    for x, y in ((d.x_train, d.y_train), (d.x_val, d.y_val), (d.x_test, d.y_test)):
        assert np.array_equal(x[:, 0], y)
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
    assert d.image_shape == (4, 3)
    assert d.feature_names[:4] == ("pixel_0_0", "pixel_0_1", "pixel_0_2", "pixel_1_0")
    assert load_idx("fashion-mnist", folder).class_names[9] == "Ankle boot"


def test_cropped_mnist_has_the_same_images(tmp_path: Path) -> None:
    for prefix in ("train", "t10k"):
        images = np.zeros((30, 28, 28), np.uint8)
        images[np.arange(30), 5 + np.arange(30) % 7, 10] = 1 + np.arange(30) % 10
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(30) % 10))
    d = load_idx("mnist20x20", tmp_path)
    assert (d.x_test.shape, d.image_shape, d.feature_names[-1]) == ((30, 400), (20, 20), "pixel_19_19")
    assert np.array_equal(d.x_test.max(axis=1), d.y_test + 1)


def test_seed_and_fraction_decide_validation(folder: Path) -> None:
    a, b, c = (load_idx("mnist", folder, seed=seed, val_fraction=0.3) for seed in (0, 0, 1))
    assert len(a.y_val) == 60
    assert np.array_equal(a.x_val, b.x_val) and not np.array_equal(a.x_val, c.x_val)
    assert np.array_equal(a.x_test, c.x_test)
    with pytest.raises(ConfigError, match="val_fraction is 0"):
        load_idx("mnist", folder, val_fraction=0)


def test_no_folder_asks_for_one() -> None:
    with pytest.raises(ConfigError, match="mnist is not built in; give --data FOLDER"):
        load_idx("mnist", None)


def test_a_wrong_folder_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none is not a folder; give --data FOLDER"):
        load_idx("mnist", tmp_path / "none")
    (folder / TRAIN_LABELS).unlink()
    with pytest.raises(DataError, match=f"{folder} has no {TRAIN_LABELS}.gz; give --data FOLDER"):
        load_idx("mnist", folder)


def test_a_truncated_gzip_file_is_named(folder: Path) -> None:
    path = folder / f"{TRAIN_IMAGES}.gz"
    content = path.read_bytes()
    for cut in (content[:-20], content[:5], b"not gzip at all", content[:40] + b"\xff" * 40 + content[80:]):
        path.write_bytes(cut)
        with pytest.raises(DataError, match=f"{path} is a damaged or truncated gzip file"):
            load_idx("mnist", folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with , an idx file"),
        (idx(np.zeros((2, 2))), "starts with 00000802, an idx file of this kind with 00000801"),
        (b"\0\0\x0d\x01\0\0\0\0", "starts with 00000d01"),
        (b"\0\0\x08\x01\0\0", "ends within its header"),
        (idx(np.zeros(5))[:-1], "announces 5 values and holds 4"),
        (idx(np.zeros(5)) + b"x", "announces 5 values and holds 6"),
    ],
)
def test_a_bad_idx_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "labels"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path} {message}"):
        read_idx(path, 1)


def test_images_labels_and_splits_must_agree(folder: Path) -> None:
    labels = folder / TRAIN_LABELS
    good = labels.read_bytes()
    labels.write_bytes(idx(np.zeros(199)))
    with pytest.raises(DataError, match=r"has 200 images, .* 199 labels"):
        load_idx("mnist", folder)
    labels.write_bytes(idx(np.full(200, 10)))
    with pytest.raises(DataError, match="one above 9"):
        load_idx("mnist", folder)
    labels.write_bytes(good)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros((50, 3, 3)))))
    with pytest.raises(DataError, match=r"training images are \(4, 3\), test images \(3, 3\) pixels"):
        load_idx("mnist", folder)


def test_real_mnist() -> None:
    d = load_idx("mnist", real("mnist"))
    assert [x.shape for x in (d.x_train, d.x_val, d.x_test)] == [(55000, 784), (5000, 784), (10000, 784)]
    train = np.bincount(d.y_train) + np.bincount(d.y_val)
    assert train.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(d.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_real_fashion_mnist() -> None:
    d = load_idx("fashion-mnist", real("fashion-mnist"))
    assert np.bincount(d.y_val).tolist() == [500] * 10
    assert np.bincount(d.y_test).tolist() == [1000] * 10
