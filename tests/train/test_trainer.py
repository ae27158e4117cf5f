import dataclasses

import numpy as np
import pytest
import torch

from warp2hdl import data
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.train import fit
from warp2hdl.train.accuracy import accuracy, predictions
from warp2hdl.train.batches import Bits

CONFIG = TrainConfig(
    EncoderConfig(8, 2),
    (LayerConfig(80, 4, wiring="learned", candidates=4), LayerConfig(50, 2, sampling="gumbel-hard")),
    TrainingConfig(epochs=3, batch_size=50),
)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def _changed(**training):
    return dataclasses.replace(CONFIG, training=dataclasses.replace(CONFIG.training, **training))


def test_learns_reports_and_keeps_the_best_epoch(digits):
    seen, steps = [], []
    trained = fit(digits, CONFIG, on_epoch=seen.append, on_step=lambda done, total: steps.append((done, total)))
    assert [m.epoch for m in seen] == [1, 2, 3]
    assert seen == list(trained.metrics)
    assert seen[-1].loss < seen[0].loss
    per_epoch = len(digits.x_train) // 50
    assert steps == [(i, 3 * per_epoch) for i in range(1, 3 * per_epoch + 1)]
    best = max(m.val_accuracy_hard for m in seen)
    assert best > 0.45  # ten classes, and three epochs of a small network with noise
    assert seen[trained.best_epoch - 1].val_accuracy_hard == best
    assert not trained.model.training
    bits = Bits(trained.encoder, trained.encoder.to_words(digits.x_val))
    assert accuracy(trained.model, bits, digits.y_val) == best


def test_gap_is_relaxed_minus_hard(digits):
    for m in fit(digits, _changed(epochs=1)).metrics:
        assert m.gap == m.val_accuracy_relaxed - m.val_accuracy_hard


def test_same_seed_same_parameters_and_the_callers_randomness_is_left_alone(digits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    states = [fit(digits, _changed(epochs=1, seed=seed)).model.state_dict() for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(3), expected)
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
    assert any(not torch.equal(value, states[2][name]) for name, value in states[0].items())


def test_never_looks_at_the_test_split(digits):
    spoiled = dataclasses.replace(digits, x_test=np.full_like(digits.x_test, 255), y_test=np.zeros_like(digits.y_test))
    first, second = fit(digits, _changed(epochs=1)), fit(spoiled, _changed(epochs=1))
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name])


def test_patience_stops_early(digits):
    trained = fit(digits, _changed(epochs=50, patience=1, learning_rate=1e-12, wiring_learning_rate=1e-12))
    assert len(trained.metrics) == 2


def test_temperature_falls_and_the_model_has_that_of_the_kept_epoch(digits):
    trained = fit(digits, _changed(temperature_end=0.25))
    steps = len(digits.x_train) // 50
    expected = [0.25 ** ((epoch * steps - 1) / (3 * steps - 1)) for epoch in (1, 2, 3)]
    assert [m.temperature for m in trained.metrics] == pytest.approx(expected)
    kept = expected[trained.best_epoch - 1]
    assert [layer.tau for layer in trained.model[:2]] == pytest.approx([kept, kept])
    bits = Bits(trained.encoder, trained.encoder.to_words(digits.x_val))
    reached = accuracy(trained.model, bits, digits.y_val, relaxed=True)
    assert reached == trained.metrics[trained.best_epoch - 1].val_accuracy_relaxed


def test_where_layers_pass_on_bits_training_runs_the_circuit_and_there_is_no_gap(digits):
    trained = fit(digits, _changed(hard_share=0.5))
    assert [m.gap == 0 for m in trained.metrics] == [False, True, True]
    assert trained.model[0].sampling == ("hard" if trained.best_epoch > 1 else "soft")


def test_spectral_penalty_leaves_smaller_coefficients(digits):
    norms = [
        fit(digits, _changed(epochs=1, spectral_l1=strength)).model[1].weight[:, 1:].abs().mean().item()
        for strength in (0.0, 0.1)
    ]
    assert norms[1] < 0.9 * norms[0]


def test_every_setting_of_the_loss_and_the_schedule_changes_the_result(digits):
    plain = fit(digits, _changed(epochs=1)).model[1].weight
    for setting in (
        {"schedule": "constant"},
        {"schedule": "step"},
        {"warmup": 3},
        {"label_smoothing": 0.1},
        {"spectral_l2": 0.1},
        {"logit_limit": 1.0},
        {"hard_share": 0.5},
        {"adam_basis": "addresses"},
        {"weight_decay": 0.1},
        {"precision": "bfloat16"},
    ):
        assert not torch.equal(fit(digits, _changed(epochs=1, **setting)).model[1].weight, plain), setting


def test_shift_needs_images(digits):
    table = dataclasses.replace(digits, image_shape=None, name="table")
    with pytest.raises(ConfigError) as error:
        fit(table, _changed(augment="shift"))
    assert str(error.value) == "training.augment is 'shift' but table holds no images; set it to 'none'."
    assert len(fit(digits, _changed(augment="shift", epochs=1)).metrics) == 1


def test_relaxed_predictions_are_without_noise(digits):
    trained = fit(digits, _changed(epochs=1))
    bits = Bits(trained.encoder, trained.encoder.to_words(digits.x_val))
    first, second = (predictions(trained.model, bits, relaxed=True) for _ in range(2))
    assert np.array_equal(first, second)
    assert trained.model[1].sampling == "gumbel-hard"
