import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.data.real import real
from warp2hdl.data.cifar import load_cifar, read_batch
from warp2hdl.errors import ConfigError, DataError

BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def records(batch: int, count: int = 20) -> np.ndarray:
    """Records whose first pixels tell the label and the batch."""
    found = np.zeros((count, 3073), np.uint8)
    found[:, 0] = found[:, 1] = np.arange(count) % 10
    found[:, 2] = batch
    found[:, -1] = 200
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Batches of 20 images; every other one is packed."""
    for batch, name in enumerate(BATCHES):
        content = records(batch).tobytes()
        if batch % 2:
            (tmp_path / f"{name}.xz").write_bytes(lzma.compress(content, preset=0))
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path


def test_images_and_labels_stay_together(folder: Path) -> None:
    d = load_cifar("cifar-10", folder)
    assert [x.shape for x in (d.x_train, d.x_val, d.x_test)] == [(90, 3072), (10, 3072), (20, 3072)]
    for x, y in ((d.x_train, d.y_train), (d.x_val, d.y_val), (d.x_test, d.y_test)):
        assert np.array_equal(x[:, 0], y)
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
    assert set(d.x_test[:, 1]) == {5}
    assert set(d.x_train[:, 1]) | set(d.x_val[:, 1]) == {0, 1, 2, 3, 4}
    assert (d.image_shape, d.class_names[9], d.name) == ((3, 32, 32), "truck", "cifar-10")
    assert (d.feature_names[0], d.feature_names[1024], d.feature_names[-1]) == ("red_0_0", "green_0_0", "blue_31_31")


def test_seed_and_fraction_decide_validation(folder: Path) -> None:
    a, b, c = (load_cifar("cifar-10", folder, seed=seed, val_fraction=0.3) for seed in (0, 0, 1))
    assert len(a.y_val) == 30
    assert np.array_equal(a.x_val, b.x_val) and not np.array_equal(a.x_val, c.x_val)


def test_missing_places_are_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cifar-10 is not built in; give --data FOLDER, the folder with its six"):
        load_cifar("cifar-10", None)
    with pytest.raises(DataError, match="none is not a folder; give --data FOLDER"):
        load_cifar("cifar-10", folder / "none")
    (folder / "test_batch.bin.xz").unlink()
    with pytest.raises(DataError, match=f"{folder} has no test_batch.bin.xz; give --data FOLDER"):
        load_cifar("cifar-10", folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds 0 bytes, no multiple of 3073 above 0"),
        (records(0).tobytes()[:-1], "holds 61459 bytes, no multiple of 3073"),
        (b"\x0a" * 3073, "record 0 has the label 10, above 9"),
        (records(0, 19).tobytes(), "has 19 images, .*data_batch_1.bin 20"),
    ],
)
def test_a_bad_batch_is_named(folder: Path, content: bytes, message: str) -> None:
    path = folder / "data_batch_3.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"^{path}.* {message}"):
        load_cifar("cifar-10", folder)


def test_a_damaged_xz_file_is_named(folder: Path) -> None:
    path = folder / "data_batch_2.bin.xz"
    packed = path.read_bytes()
    for damaged in (packed[:-20], b"no xz at all", packed[:60] + b"\xff" * 8 + packed[68:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=f"^{path} is a damaged or truncated xz file"):
            load_cifar("cifar-10", folder)


def test_a_real_batch() -> None:
    images, labels = read_batch(real("cifar-10") / "test_batch.bin.xz")
    assert images.shape == (10000, 3072)
    assert np.bincount(labels).tolist() == [1000] * 10
    # The means of the planes, as others report them.
    assert (images.reshape(-1, 3, 1024).mean((0, 2)) / 255).round(3).tolist() == [0.494, 0.485, 0.45]
