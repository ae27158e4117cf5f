import dataclasses

import numpy as np
import pytest

from warp2hdl.config import TrainingConfig
from warp2hdl.data import Column, Dataset, TableSchema
from warp2hdl.encode import fit_encoder
from warp2hdl.errors import ConfigError
from warp2hdl.train import teacher
from warp2hdl.train.teacher import taught

SCHEMA = TableSchema("y", ("0", "1"), (Column("a", ("p", "q", "r")), Column("b", ("p", "q", "r")), Column("n")))
SETTINGS = TrainingConfig(teacher_rows=400, seed=1)


def rule(x):
    """Whether a and b are equal."""
    return (x[:, :3] * x[:, 3:6]).sum(1).astype(np.int64)


@pytest.fixture(scope="module", autouse=True)
def short_training():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teacher, "_STEPS", 500)
        yield


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    values = rng.integers(3, size=(120, 2))
    x = np.concatenate([np.eye(3)[values[:, 0]], np.eye(3)[values[:, 1]], rng.integers(4, size=(120, 1))], axis=1)
    y = rule(x)
    x_test = x[80:]
    return Dataset("t", x[:60], y[:60], x[60:80], y[60:80], x_test, y[80:], SCHEMA.feature_names, ("0", "1"), SCHEMA)


@pytest.fixture(scope="module")
def more(dataset):
    return taught(dataset, fit_encoder(dataset.x_train, 4, 4), SETTINGS)


def test_rows_are_added_and_those_that_there_were_stay(dataset, more):
    assert more.x_train.shape == (460, 7) and more.y_train.shape == (460,)
    assert np.array_equal(more.x_train[:60], dataset.x_train)
    for split in ("x_val", "y_val", "x_test", "y_test"):
        assert getattr(more, split) is getattr(dataset, split)


def test_made_up_rows_have_one_category_a_column_and_are_new(dataset, more):
    added = more.x_train[60:]
    assert (added[:, :3].sum(1) == 1).all() and (added[:, 3:6].sum(1) == 1).all()
    assert set(added[:, 6]) == set(dataset.x_train[:, 6])
    assert {tuple(row) for row in added} - {tuple(row) for row in dataset.x_train}


def test_the_teacher_has_found_the_rule(more):
    assert (more.y_train == rule(more.x_train)).mean() > 0.98


def test_a_wrong_label_is_corrected(dataset):
    wrong = dataset.y_train.copy()
    wrong[:2] = 1 - wrong[:2]
    noisy = dataclasses.replace(dataset, y_train=wrong)
    settings = dataclasses.replace(SETTINGS, teacher_l1=0.01)
    found = taught(noisy, fit_encoder(dataset.x_train, 4, 4), settings)
    assert (found.y_train == rule(found.x_train)).mean() > 0.95
    assert np.array_equal(found.y_train[:2], dataset.y_train[:2])


def test_a_linear_teacher_finds_a_linear_rule_and_no_other(dataset):
    settings = dataclasses.replace(SETTINGS, teacher_units=0)
    encoder = fit_encoder(dataset.x_train, 4, 4)
    found = taught(dataset, encoder, settings)
    assert (found.y_train == rule(found.x_train)).mean() < 0.9
    either = np.maximum(dataset.x_train[:, 0], dataset.x_train[:, 3]).astype(np.int64)
    found = taught(dataclasses.replace(dataset, y_train=either), encoder, settings)
    assert np.array_equal(found.y_train, np.maximum(found.x_train[:, 0], found.x_train[:, 3]))


def test_images_have_no_teacher(dataset):
    images = dataclasses.replace(dataset, image_shape=(1, 7))
    with pytest.raises(ConfigError, match=r"^training\.teacher_rows is for tables and t holds images; set it to 0\.$"):
        taught(images, fit_encoder(dataset.x_train, 4, 4), SETTINGS)


def test_the_seed_decides(dataset, more):
    encoder = fit_encoder(dataset.x_train, 4, 4)
    again = taught(dataset, encoder, SETTINGS)
    assert np.array_equal(again.x_train, more.x_train) and np.array_equal(again.y_train, more.y_train)
    other = taught(dataset, encoder, dataclasses.replace(SETTINGS, seed=2))
    assert not np.array_equal(other.x_train, more.x_train)
