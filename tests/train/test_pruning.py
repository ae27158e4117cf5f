"""Wiring that is pruned: comparators that a trained layer gives up."""

import dataclasses

import numpy as np
import pytest

from warp2hdl import data, ir, passes
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.lower import lower
from warp2hdl.train import fit
from warp2hdl.train.area import encoder_luts
from warp2hdl.train.hard_layer import HardLayer
from warp2hdl.train.pruning import prune


def _layer(seed=0, nodes=20, k=4, signals=30, samples=2000):
    draw = np.random.default_rng(seed)
    inputs = draw.integers(0, 2, (signals, samples), np.uint8)
    labels = (inputs[:5].sum(0) > 2).astype(np.int64)
    fanins = np.array([draw.choice(signals, k, replace=False) for _ in range(nodes)])
    layer = HardLayer(inputs, fanins, draw.random((nodes, 1 << k)) < 0.5, labels, 2, 1.0)
    for _ in range(3):
        layer.sweep(draw)
    return layer


def _spent(layer, costs):
    return int(costs[layer.readers > 0].sum())


def _consistent(layer):
    """Whether what is kept of readers and loss is what wiring and tables say."""
    fresh = HardLayer(layer.inputs, layer.fanins, layer.tables, layer._labels, 2, 1.0)
    return np.array_equal(fresh.readers, layer.readers) and layer.loss() == pytest.approx(fresh.loss(), rel=1e-9)


@pytest.mark.parametrize("limit", [40, 20, 9, 1])
def test_what_is_left_fits_the_limit(limit):
    layer = _layer()
    costs = np.tile([0, 1, 2], 10)
    before = _spent(layer, costs)
    changed = prune(layer, costs, limit, np.random.default_rng(1))
    assert _spent(layer, costs) <= limit
    assert (changed > 0) == (before > limit)
    assert _consistent(layer)


def test_a_limit_that_holds_changes_nothing():
    layer, costs = _layer(), np.ones(30, np.int64)
    fanins, tables = layer.wiring()
    assert prune(layer, costs, 30, np.random.default_rng(1)) == 0
    assert np.array_equal(layer.fanins, fanins) and np.array_equal(layer.tables, tables)


def test_inputs_that_tell_nothing_go_first():
    layer = _layer(seed=1)
    assert layer.readers[:5].all()
    costs = np.ones(30, np.int64)
    before = layer.loss()
    prune(layer, costs, 10, np.random.default_rng(1))
    assert {0, 1, 2, 3, 4} < set(np.flatnonzero(layer.readers).tolist())
    assert layer.loss() < before  # those that read nothing of use have taken what is


def test_a_reader_takes_another_input_that_is_there_where_that_is_better_than_an_input_less():
    draw = np.random.default_rng(0)
    inputs = draw.integers(0, 2, (3, 1000), np.uint8)
    inputs[1] = inputs[0]  # the same, for nothing
    layer = HardLayer(
        inputs, np.array([[0, 2], [2, 2]]), np.zeros((2, 4), np.bool_), inputs[0].astype(np.int64), 2, 1.0
    )
    layer.sweep(draw)
    before = layer.loss()
    assert prune(layer, np.array([1, 0, 0]), 0, draw) == 1
    assert layer.fanins[0, 0] == 1 and layer.loss() == pytest.approx(before)


def test_the_last_comparator_stays_where_nothing_is_free():
    layer = _layer(signals=5)
    prune(layer, np.ones(5, np.int64), 0, np.random.default_rng(0))
    assert (layer.readers > 0).sum() == 1 and _consistent(layer)


DIGITS = TrainConfig(
    EncoderConfig(4, 3, "dyadic"),
    (LayerConfig(60, 6, wiring="learned", candidates=16, initial="random"),),
    TrainingConfig(epochs=4, group_tau=1.5, wiring_learning_rate=0.05, backfit_sweeps=2),
)


@pytest.mark.parametrize("wiring", ["learned", "random"])
def test_a_circuit_has_at_most_the_comparators_that_were_asked_for(wiring):
    digits = data.load("digits")
    config = dataclasses.replace(DIGITS, layers=(dataclasses.replace(DIGITS.layers[0], wiring=wiring),))
    limited = dataclasses.replace(config, training=dataclasses.replace(config.training, encoder_luts=30))
    seen = []
    trained = fit(digits, limited, on_sweep=seen.append)
    circuit, _ = passes.run(
        lower(
            trained.model,
            trained.encoder,
            name="digits",
            feature_names=digits.feature_names,
            class_names=digits.class_names,
        )
    )
    assert 20 < encoder_luts(circuit.encoder).sum() <= 30
    words = trained.encoder.to_words(digits.x_val)
    reached = (ir.classify(circuit, words) == digits.y_val).mean()
    plain = fit(digits, config)
    assert encoder_luts(plain.encoder)[plain.model[0].current_fanins().unique().numpy()].sum() > 60
    pruned_at = next(i for i, sweep in enumerate(seen) if sweep.exchanged)
    assert [sweep.number for sweep in seen] == list(range(1, len(seen) + 1))
    # The best of what followed the pruning, and no sweep before it.
    assert reached == max(sweep.val_accuracy_hard for sweep in seen[pruned_at:])
    assert reached > max(s.val_accuracy_hard for s in seen[:pruned_at]) - 0.12


def test_pruning_alone_needs_no_sweeps():
    digits = data.load("digits")
    training = dataclasses.replace(DIGITS.training, backfit_sweeps=0, encoder_luts=0, epochs=1)
    trained = fit(digits, dataclasses.replace(DIGITS, training=training))
    assert len(trained.sweeps) == 1 and trained.sweeps[0].exchanged > 0
    read = trained.model[0].current_fanins().unique().numpy()
    assert (encoder_luts(trained.encoder)[read] == 0).all()


def test_a_network_of_several_layers_is_refused():
    config = TrainConfig(layers=(LayerConfig(),) * 2, training=TrainingConfig(encoder_luts=5))
    with pytest.raises(ConfigError) as error:
        config.check(10)
    assert str(error.value) == (
        "training.encoder_luts is 5, but there is more than one dense layer; set it to -1, or take one."
    )
