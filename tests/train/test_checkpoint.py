"""A run that was stopped and goes on ends in the same bits as one that never stopped."""

import dataclasses
import json

import numpy as np
import pytest
import safetensors.numpy
import torch

from warp2hdl import data
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError, FormatError
from warp2hdl.train import fit, trainer
from warp2hdl.train.checkpoint import METRICS_FILE, STATE_FILE, fingerprint

# Everything that has a state or draws random numbers.
CONFIG = TrainConfig(
    EncoderConfig(8, 2),
    (LayerConfig(40, 4, wiring="learned", candidates=4), LayerConfig(50, 2, sampling="gumbel-hard")),
    TrainingConfig(
        epochs=4,
        batch_size=50,
        augment="shift",
        jitter=1,
        warmup=5,
        temperature_end=0.5,
        precision="bfloat16",
        rewiring_interval=9,
        adam_basis="addresses",
    ),
)
STEPS = 24


class Stopped(BaseException):
    """What ends a run from outside."""


@pytest.fixture(scope="module", autouse=True)
def state_after_every_epoch():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trainer, "STATE_INTERVAL_SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def straight(digits):
    return fit(digits, CONFIG)


def _stop_in_step(number):
    def on_step(done, total):
        assert total == 4 * STEPS
        if done == number:
            raise Stopped

    return {"on_step": on_step}


def _stop_after_epoch(number):
    def on_epoch(metrics):
        if metrics.epoch == number:
            raise Stopped

    return {"on_epoch": on_epoch}


def _stopped(digits, folder, config=CONFIG, resume=False, **stop):
    with pytest.raises(Stopped):
        fit(digits, config, checkpoint=folder, resume=resume, **(stop or _stop_in_step(2 * STEPS + 7)))


def _require_equal(found, expected):
    for name, value in expected.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value), name
    assert [layer.tau for layer in found.model] == [layer.tau for layer in expected.model]
    assert found.best_epoch == expected.best_epoch
    assert [dataclasses.replace(m, seconds=0) for m in found.metrics] == [
        dataclasses.replace(m, seconds=0) for m in expected.metrics
    ]


@pytest.mark.parametrize(
    "stop", [_stop_after_epoch(2), _stop_in_step(2 * STEPS + 7)], ids=["between epochs", "in an epoch"]
)
def test_stopped_and_resumed_is_the_same_as_never_stopped(digits, straight, tmp_path, stop):
    _stopped(digits, tmp_path, **stop)
    assert [json.loads(line)["epoch"] for line in (tmp_path / METRICS_FILE).read_text().splitlines()] == [1, 2]
    steps = []
    resumed = fit(digits, CONFIG, checkpoint=tmp_path, resume=True, on_step=lambda done, total: steps.append(done))
    assert steps == list(range(2 * STEPS + 1, 4 * STEPS + 1))
    _require_equal(resumed, straight)
    assert [json.loads(line)["epoch"] for line in (tmp_path / METRICS_FILE).read_text().splitlines()] == [1, 2, 3, 4]


def test_states_of_short_epochs_are_rarer_and_the_last_is_kept(digits, straight, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "STATE_INTERVAL_SECONDS", 1e9)
    epochs = []
    monkeypatch.setattr(trainer.checkpoints, "save", lambda state, folder: epochs.append(len(state.metrics)))
    fit(digits, CONFIG, checkpoint=tmp_path)
    assert epochs == [1, 4]
    monkeypatch.undo()
    monkeypatch.setattr(trainer, "STATE_INTERVAL_SECONDS", 1e9)
    _stopped(digits, tmp_path, **_stop_after_epoch(3))
    assert len((tmp_path / METRICS_FILE).read_text().splitlines()) == 3
    steps = []
    resumed = fit(digits, CONFIG, checkpoint=tmp_path, resume=True, on_step=lambda done, total: steps.append(done))
    assert steps[0] == STEPS + 1
    _require_equal(resumed, straight)
    assert [json.loads(line)["epoch"] for line in (tmp_path / METRICS_FILE).read_text().splitlines()] == [1, 2, 3, 4]


def test_stopped_twice(digits, straight, tmp_path):
    _stopped(digits, tmp_path, **_stop_in_step(STEPS + 1))
    _stopped(digits, tmp_path, resume=True, **_stop_in_step(3 * STEPS + 1))
    _require_equal(fit(digits, CONFIG, checkpoint=tmp_path, resume=True), straight)


def test_a_run_that_is_done_trains_no_more(digits, straight, tmp_path):
    fit(digits, CONFIG, checkpoint=tmp_path)
    again = fit(digits, CONFIG, checkpoint=tmp_path, resume=True, **_stop_in_step(1))
    _require_equal(again, straight)


def test_patience_counts_across_the_interruption(digits, tmp_path):
    training = dataclasses.replace(
        CONFIG.training, epochs=50, patience=2, learning_rate=1e-12, wiring_learning_rate=1e-12, warmup=0
    )
    config = dataclasses.replace(CONFIG, training=training)
    _stopped(digits, tmp_path, config, **_stop_after_epoch(2))
    assert len(fit(digits, config, checkpoint=tmp_path, resume=True).metrics) == 3


def test_a_new_run_replaces_the_checkpoint_after_its_first_epoch(digits, tmp_path):
    _stopped(digits, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    _stopped(digits, tmp_path, **_stop_in_step(STEPS - 1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    _stopped(digits, tmp_path, **_stop_after_epoch(1))
    assert len((tmp_path / METRICS_FILE).read_text().splitlines()) == 1


@pytest.fixture(scope="module")
def checkpoint(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    _stopped(digits, folder, **_stop_after_epoch(1))
    return folder


def _refused(error, dataset, config, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(error) as caught:
        fit(dataset, config, checkpoint=folder, resume=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return str(caught.value)


REMEDY = "train with what it was started with, or start anew without --resume."


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("training", {"learning_rate": 0.5}, "training.learning_rate is 0.5, but 0.02"),
        ("training", {"epochs": 5}, "training.epochs is 5, but 4"),
        ("encoder", {"thermometer_bits": 3}, "encoder.thermometer_bits is 3, but 2"),
        ("layers", CONFIG.layers[:1], "layers[1].arity is not set, but 2"),
    ],
)
def test_other_settings_are_refused(digits, checkpoint, part, changes, message):
    changed = dataclasses.replace(getattr(CONFIG, part), **changes) if isinstance(changes, dict) else changes
    found = _refused(ConfigError, digits, dataclasses.replace(CONFIG, **{part: changed}), checkpoint)
    assert found == f"{message} in the run that {checkpoint} belongs to; {REMEDY}"


def test_other_data_are_refused(digits, checkpoint):
    labels = digits.y_val.copy()
    labels[3] = (labels[3] + 1) % 10
    found = _refused(ConfigError, dataclasses.replace(digits, y_val=labels), CONFIG, checkpoint)
    assert found == f"the data's y_val differs from that of the run that {checkpoint} belongs to; {REMEDY}"


def test_nothing_to_resume(digits, tmp_path):
    assert _refused(ConfigError, digits, CONFIG, tmp_path) == (
        f"there is no checkpoint to resume at {tmp_path / STATE_FILE} (No such file or directory); the run may be "
        "complete or not one epoch old: start it without --resume."
    )
    with pytest.raises(ConfigError, match="resume needs the folder of a checkpoint"):
        fit(digits, CONFIG, resume=True)


def test_damaged_foreign_and_newer_checkpoints(digits, checkpoint, tmp_path):
    whole = (checkpoint / STATE_FILE).read_bytes()
    path = tmp_path / STATE_FILE
    foreign = safetensors.numpy.save({"x": np.zeros(3)})
    for content in (b"", whole[:100], whole[:-1], foreign):
        path.write_bytes(content)
        assert _refused(FormatError, digits, CONFIG, tmp_path) == (
            f"{path} is damaged or not a checkpoint of warp2hdl; start without --resume."
        )
    path.write_bytes(whole.replace(b"warp2hdl.checkpoint/1", b"warp2hdl.checkpoint/9"))
    assert "has schema warp2hdl.checkpoint/9" in _refused(FormatError, digits, CONFIG, tmp_path)
    length = int.from_bytes(whole[:8], "little")
    metadata = json.loads(whole[8 : 8 + length])["__metadata__"]
    for missing in ("model.0.weight", "best.0.weight", "adam.0.exp_avg", "random.0.cpu"):
        arrays = safetensors.numpy.load(whole)
        del arrays[missing]
        path.write_bytes(safetensors.numpy.save(arrays, metadata))
        assert "its contents do not fit together" in _refused(FormatError, digits, CONFIG, tmp_path), missing


def test_fingerprint_sees_types_shapes_and_names(digits):
    first = fingerprint(digits)
    assert first == fingerprint(dataclasses.replace(digits))
    for field, value in {
        "x_train": digits.x_train.astype(float),
        "x_test": digits.x_test.reshape(-1, 32),
        "class_names": tuple("abcdefghij"),
    }.items():
        changed = fingerprint(dataclasses.replace(digits, **{field: value}))
        assert [name for name in first if first[name] != changed[name]] == [field]
