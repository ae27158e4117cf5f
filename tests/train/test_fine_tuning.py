"""Going on from a trained network, on narrower feature words."""

import dataclasses

import numpy as np
import pytest
import torch

from warp2hdl import data, ir
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import ConfigError, DataError
from warp2hdl.lower import lower
from warp2hdl.train import fit, trainer
from warp2hdl.train.fine_tuning import digest, narrowed
from warp2hdl.train.model_file import Model, load, save

CONFIG = TrainConfig(
    EncoderConfig(8, 2),
    (LayerConfig(80, 4, wiring="learned", candidates=8), LayerConfig(50, 2)),
    TrainingConfig(epochs=4, batch_size=50, temperature_end=0.5),
)


@pytest.fixture(scope="module")
def digits():
    """Pixels in finer steps than the data set has, so that words of eight bits have something to lose."""
    plain = data.load("digits")
    draw = np.random.default_rng(0)
    fine = {name: getattr(plain, name) * 15 for name in ("x_train", "x_val", "x_test")}
    return dataclasses.replace(
        plain, **{k: (v + draw.integers(0, 15, v.shape)).astype(np.uint8) for k, v in fine.items()}
    )


@pytest.fixture(scope="module")
def start(digits):
    return _model(fit(digits, CONFIG), digits)


def _model(trained, dataset):
    return Model(trained.model, trained.encoder, trained.config, dataset.feature_names, dataset.class_names, {})


def _changed(config=CONFIG, *, bits=8, **training):
    return dataclasses.replace(
        config,
        encoder=dataclasses.replace(config.encoder, feature_bits=bits),
        training=dataclasses.replace(config.training, **training),
    )


def _circuit(trained, dataset):
    names = dataset.feature_names, dataset.class_names
    return lower(trained.model, trained.encoder, name="digits", feature_names=names[0], class_names=names[1])


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("real", [False, True])
def test_narrower_words_are_the_highest_bits_of_the_words(bits, real):
    draw = np.random.default_rng(bits)
    x = draw.normal(3.7, 1.3, (500, 6)) if real else draw.integers(0, 256, (500, 6), np.uint8)
    encoder = fit_encoder(x, 8, 3)
    narrow = narrowed(encoder, bits)
    assert (narrow.feature_bits == bits).all()
    assert np.array_equal(narrow.to_words(x), encoder.to_words(x) >> (8 - bits))


def test_thresholds_move_to_the_nearest_that_reads_the_fewest_bits():
    thresholds = np.array([1, 8, 24, 40, 127, 128, 247, 255, 3], np.uint32)
    features = np.array([0] * 8 + [1], np.int32)
    encoder = Encoder(np.array([8, 2], np.uint8), np.ones(2), np.zeros(2), features, thresholds)
    narrow = narrowed(encoder, 4)
    assert narrow.bit_threshold.tolist() == [1, 1, 2, 2, 8, 8, 15, 15, 3]  # 24 / 16 and 40 / 16 lie between two
    assert narrow.feature_bits.tolist() == [4, 2] and narrow.offset.tolist() == [7.5, 0.0]
    assert narrow.bit_feature is encoder.bit_feature


def test_thresholds_that_narrow_words_can_tell_apart_cost_nothing():
    x = np.random.default_rng(0).integers(0, 256, (400, 5), np.uint8)
    encoder = fit_encoder(x, 8, 7, "dyadic")
    narrow = narrowed(encoder, 3)
    assert np.array_equal(narrow.to_bits(narrow.to_words(x)), encoder.to_bits(encoder.to_words(x)))


def test_without_an_epoch_and_with_the_same_words_the_circuit_is_the_same(digits, start):
    again = fit(digits, _changed(epochs=0), start=start)
    assert again.metrics == () and again.best_epoch == 0
    assert again.start_sha256 == digest(start)
    before = _circuit(start_as_trained(start), digits)
    assert _circuit(again, digits).sha256 == before.sha256
    for name, value in start.network.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], value), name
    assert [layer.tau for layer in again.model[:2]] == [layer.tau for layer in start.network[:2]]
    words = again.encoder.to_words(digits.x_val)
    assert again.start_accuracy == (ir.classify(before, words) == digits.y_val).mean()


def start_as_trained(start):
    return trainer.Trained(start.network, start.encoder, start.config, (), 0, 0.0)


def test_fine_tuning_makes_up_for_narrower_words(digits, start):
    bare = fit(digits, _changed(bits=2, epochs=0), start=start)
    tuned = fit(digits, _changed(bits=2, epochs=4), start=start)
    assert tuned.encoder.feature_bits.max() == 2
    assert bare.start_accuracy == tuned.start_accuracy < tuned.metrics[tuned.best_epoch - 1].val_accuracy_hard
    words = tuned.encoder.to_words(digits.x_val)
    assert words.max() == 3
    circuit = _circuit(tuned, digits)
    assert (ir.classify(circuit, words) == digits.y_val).mean() == max(m.val_accuracy_hard for m in tuned.metrics)


def test_what_no_epoch_improves_is_kept(digits, start):
    tuned = fit(digits, _changed(epochs=2, learning_rate=10.0, wiring_learning_rate=10.0), start=start)
    assert max(m.val_accuracy_hard for m in tuned.metrics) < tuned.start_accuracy
    assert tuned.best_epoch == 0
    for name, value in start.network.state_dict().items():
        assert torch.equal(tuned.model.state_dict()[name], value), name


def test_learned_thresholds_can_follow(digits, start):
    learned = dataclasses.replace(CONFIG.encoder, feature_bits=3, thresholds="learned")
    tuned = fit(
        digits, dataclasses.replace(_changed(epochs=4, threshold_learning_rate=0.01), encoder=learned), start=start
    )
    assert len(tuned.encoder.bit_threshold) == len(start.encoder.bit_threshold)
    assert not np.array_equal(tuned.encoder.bit_threshold, narrowed(start.encoder, 3).bit_threshold)


def test_a_file_goes_on_as_the_model_does(digits, start, tmp_path):
    save(start, tmp_path / "model.safetensors")
    states = [
        fit(digits, _changed(epochs=1), start=each).model.state_dict()
        for each in (start, load(tmp_path / "model.safetensors"))
    ]
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name


def test_stopped_and_resumed_is_the_same_and_another_start_is_refused(digits, start, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "STATE_INTERVAL_SECONDS", 0.0)

    class Stopped(BaseException):
        pass

    def stop(metrics):
        raise Stopped

    config = _changed(bits=3, epochs=2)
    straight = fit(digits, config, start=start)
    with pytest.raises(Stopped):
        fit(digits, config, start=start, checkpoint=tmp_path, on_epoch=stop)
    with pytest.raises(ConfigError, match=r"^from is not set, but '"):
        fit(digits, config, checkpoint=tmp_path, resume=True)
    resumed = fit(digits, config, start=start, checkpoint=tmp_path, resume=True)
    for name, value in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    assert resumed.start_accuracy == straight.start_accuracy and resumed.best_epoch == straight.best_epoch


def _layers(**changes):
    first, second = CONFIG.layers
    return dataclasses.replace(CONFIG, layers=(dataclasses.replace(first, **changes), second))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            _changed(bits=9),
            "encoder.feature_bits is 9, but 8 in the network to go on from; its words can only become narrower.",
        ),
        (
            dataclasses.replace(CONFIG, encoder=EncoderConfig(8, 3)),
            "encoder.thermometer_bits is 3, but 2 in the network to go on from; leave it as it was.",
        ),
        (
            dataclasses.replace(CONFIG, encoder=EncoderConfig(8, 2, "dyadic")),
            "encoder.thresholds is 'dyadic', but 'quantile' in the network to go on from; leave it as it was.",
        ),
        (_layers(nodes=90), "layers[0].nodes is 90, but 80 in the network to go on from; leave it as it was."),
        (
            _layers(relaxation="multilinear"),
            "layers[0].relaxation is 'multilinear', but 'walsh' in the network to go on from; leave it as it was.",
        ),
        (
            dataclasses.replace(CONFIG, layers=CONFIG.layers[1:]),
            "number of layers is 1, but 2 in the network to go on from; leave it as it was.",
        ),
    ],
)
def test_other_networks_are_refused_by_name(digits, start, config, message):
    with pytest.raises(ConfigError) as error:
        fit(digits, config, start=start)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feature_names": ("a",) * 63}, "digits has 63 features, but the network to go on from has 64."),
        ({"class_names": ("a",) * 9}, "digits has 9 classes, but the network to go on from has 10."),
        (
            {"class_names": ("0", "1", "2", "3", "4", "5", "7", "6", "8", "9")},
            "class 6 of digits is '7', but '6' in the network to go on from.",
        ),
    ],
)
def test_other_data_are_refused_by_name(digits, start, change, message):
    other = dataclasses.replace(digits, **change)
    with pytest.raises(DataError) as error:
        fit(other, CONFIG, start=start)
    assert str(error.value) == message


def test_no_epoch_needs_a_network():
    with pytest.raises(ConfigError) as error:
        fit(data.load("digits"), _changed(epochs=0))
    assert str(error.value) == "training.epochs is 0; it must be at least 1."


def test_layers_over_images_go_on_as_well():
    digits = data.load("digits")
    layers = (
        LayerConfig(kind="convolution", channels=4, arity=4, tree_depth=1, padding=1),
        LayerConfig(nodes=50, arity=2),
    )
    config = TrainConfig(EncoderConfig(4, 3, "dyadic"), layers, TrainingConfig(epochs=1, batch_size=50))
    first = _model(fit(digits, config), digits)
    same = fit(digits, _changed(config, bits=2, epochs=0), start=first)  # the middle and the quarters take two bits
    assert same.encoder.feature_bits.max() == 2
    words = first.encoder.to_words(digits.x_val), same.encoder.to_words(digits.x_val)
    circuits = (_circuit(start_as_trained(first), digits), _circuit(same, digits))
    assert np.array_equal(*(ir.classify(circuit, word) for circuit, word in zip(circuits, words, strict=True)))
