"""Thresholds that are learned, through the whole of training."""

import dataclasses

import numpy as np
import pytest
import torch

from warp2hdl import data, ir
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.lower import lower
from warp2hdl.nn.thresholds import Thresholds
from warp2hdl.train import fit, model_file
from warp2hdl.train.accuracy import accuracy, predictions
from warp2hdl.train.batches import Bits, Words, batches_for
from warp2hdl.train.optimizer import optimizer_for

CONFIG = TrainConfig(
    EncoderConfig(8, 2, "learned", threshold_width=0.05),
    (LayerConfig(80, 4, wiring="learned", candidates=4), LayerConfig(50, 2)),
    TrainingConfig(epochs=2, batch_size=50, threshold_learning_rate=0.005),
)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module", params=["hard", "soft"])
def trained(request, digits):
    encoder = dataclasses.replace(CONFIG.encoder, threshold_sampling=request.param)
    return fit(digits, dataclasses.replace(CONFIG, encoder=encoder))


def test_they_move_and_the_network_is_one_of_bits(digits, trained):
    start = fit_encoder(digits.x_train, 8, 2)
    assert np.array_equal(trained.encoder.bit_feature, start.bit_feature)
    assert np.mean(trained.encoder.bit_threshold != start.bit_threshold) > 0.2
    assert batches_for(trained.model) is Bits
    assert not trained.model.training


def test_training_measured_the_circuit(digits, trained):
    words = trained.encoder.to_words(digits.x_val)
    reached = accuracy(trained.model, Bits(trained.encoder, words), digits.y_val)
    assert reached == trained.metrics[trained.best_epoch - 1].val_accuracy_hard
    assert reached > 0.3
    names = {"feature_names": digits.feature_names, "class_names": digits.class_names}
    circuit = lower(trained.model, trained.encoder, name="digits", **names)
    hard = predictions(trained.model, Bits(trained.encoder, words))
    assert np.array_equal(ir.classify(circuit, words), hard)


def test_the_model_file_holds_them(digits, trained, tmp_path):
    names = digits.feature_names, digits.class_names
    model = model_file.Model(trained.model, trained.encoder, trained.config, *names, {})
    model_file.save(model, tmp_path / "model.safetensors")
    loaded = model_file.load(tmp_path / "model.safetensors")
    assert loaded.config == trained.config
    for each in dataclasses.fields(Encoder):
        assert np.array_equal(getattr(loaded.encoder, each.name), getattr(trained.encoder, each.name)), each.name
    words = trained.encoder.to_words(digits.x_val)
    found, expected = (predictions(net, Bits(trained.encoder, words)) for net in (loaded.network, trained.model))
    assert np.array_equal(found, expected)


def test_they_have_a_learning_rate_of_their_own(digits):
    encoder = fit_encoder(digits.x_train, 8, 2)
    model = torch.nn.Sequential(Thresholds(encoder), torch.nn.Linear(encoder.bits, 2))
    assert batches_for(model) is Words
    groups = optimizer_for(model, CONFIG.training).param_groups
    by_rate = {group["lr"]: {id(p) for p in group["params"]} for group in groups}
    assert by_rate[0.005] == {id(p) for p in model[0].parameters()}
    assert by_rate[CONFIG.training.learning_rate] == {id(p) for p in model[1].parameters()}


def test_a_rate_near_zero_leaves_them_and_the_result_as_fixed_ones(digits):
    training = dataclasses.replace(CONFIG.training, epochs=1, threshold_learning_rate=1e-12)
    results = [
        fit(digits, dataclasses.replace(CONFIG, training=training, encoder=EncoderConfig(8, 2, kind)))
        for kind in ("learned", "quantile")
    ]
    assert np.array_equal(results[0].encoder.bit_threshold, results[1].encoder.bit_threshold)
    bits = Bits(results[0].encoder, results[0].encoder.to_words(digits.x_val))
    found, expected = (predictions(result.model, bits) for result in results)
    assert np.mean(found == expected) > 0.9  # the kernels for bits and for numbers round differently
