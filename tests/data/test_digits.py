import numpy as np
from sklearn.datasets import load_digits as sklearn_digits
from sklearn.model_selection import train_test_split

from warp2hdl.data.digits import load_digits


def test_the_test_split_is_scikit_learns() -> None:
    raw = sklearn_digits()
    _, x_test, _, y_test = train_test_split(raw.data, raw.target, test_size=0.2, stratify=raw.target, random_state=0)
    d = load_digits()
    assert np.array_equal(d.x_test, x_test) and np.array_equal(d.y_test, y_test)
    assert (len(d.y_train), len(d.y_val), len(d.y_test)) == (1221, 216, 360)
    everything = np.concatenate([d.x_train, d.x_val, d.x_test]).astype(np.int64)
    assert everything.sum() == raw.data.sum()
    assert (d.x_train.dtype, everything.max()) == (np.uint8, 16)
    assert (d.image_shape, d.features, d.classes) == ((8, 8), 64, 10)


def test_validation_depends_on_seed_and_fraction() -> None:
    a, b = load_digits(), load_digits(val_fraction=0.5)
    assert len(b.y_val) == round(1437 * 0.5)
    assert np.array_equal(a.x_test, b.x_test)
    assert not np.array_equal(load_digits(seed=1).x_test, a.x_test)
