"""Tables of the last layer that are made optimal for the hard network."""

import copy
import dataclasses
import itertools

import numpy as np
import pytest
import torch

from warp2hdl import data
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train import backfit as module
from warp2hdl.train import fit, hard_layer
from warp2hdl.train.backfit import backfit

SETTINGS = TrainingConfig(backfit_sweeps=5, group_tau=1.0)


EXCHANGING = dataclasses.replace(SETTINGS, backfit_exchanges=5)


class Samples:
    """What `Words.take` gives, of fixed bits."""

    def __init__(self, bits):
        self._bits = bits

    def __len__(self):
        return len(self._bits)

    def take(self, rows, **how):
        return self._bits[rows]


def _task(samples, inputs, classes, seed=0):
    draw = torch.Generator().manual_seed(seed)
    bits = torch.randint(2, (samples, inputs), dtype=torch.uint8, generator=draw)
    return bits, torch.randint(classes, (samples,), generator=draw).numpy()


def _loss(model, bits, labels):
    model.eval()
    return torch.nn.functional.cross_entropy(model(bits).double(), torch.from_numpy(labels)).item()


def _run(model, bits, labels, settings=SETTINGS, validate=None):
    accuracies = itertools.count()  # every sweep is better than those before it
    return backfit(model, Samples(bits), labels, settings, validate or (lambda: float(next(accuracies))))


@pytest.mark.parametrize("relaxation", ["walsh", "multilinear", "difflogic", "dwn"])
def test_the_loss_that_is_reported_is_the_hard_networks_and_falls(relaxation):
    bits, labels = _task(300, 12, 3)
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        LogicLayer(12, 16, 2, seed=1), LogicLayer(16, 12, 2, relaxation, initial="random", seed=2), GroupSum(3, 1.0)
    )
    before = _loss(model, bits, labels)
    sweeps = _run(model, bits, labels)
    assert sweeps[-1].loss == pytest.approx(_loss(model, bits, labels), rel=1e-6)
    losses = [before, *(sweep.loss for sweep in sweeps)]
    assert all(b <= a for a, b in itertools.pairwise(losses)) and losses[-1] < before - 0.01


def test_no_single_entry_is_left_whose_change_gains_more_than_the_reluctance():
    bits, labels = _task(200, 8, 2)
    model = torch.nn.Sequential(LogicLayer(8, 6, 3, initial="random", seed=3), GroupSum(2, 1.0))
    sweeps = _run(model, bits, labels, dataclasses.replace(SETTINGS, backfit_sweeps=50))
    assert sweeps[-1].changed == 0
    layer, tables = model[0], model[0].tables().clone()
    settled = _loss(model, bits, labels) * len(labels)
    for node, entry in itertools.product(range(6), range(8)):
        other = tables.numpy().copy()
        other[node, entry] ^= True
        module._set_tables(layer, other)
        assert _loss(model, bits, labels) * len(labels) > settled - hard_layer.RELUCTANCE - 1e-6
        module._set_tables(layer, tables.numpy())


def test_the_sweep_that_is_best_on_validation_is_kept():
    bits, labels = _task(200, 8, 2)
    model = torch.nn.Sequential(LogicLayer(8, 6, 3, initial="random", seed=3), GroupSum(2, 1.0))
    before = model[0].weight.clone()
    falling = iter([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert len(_run(model, bits, labels, validate=lambda: next(falling))) > 1
    assert torch.equal(model[0].weight, before)


def test_nodes_whose_table_stays_keep_their_parameters():
    bits, labels = _task(200, 8, 2)
    model = torch.nn.Sequential(LogicLayer(8, 40, 2, initial="random", seed=3), GroupSum(2, 3.0))
    weight, tables = model[0].weight.clone(), model[0].tables()
    _run(model, bits, labels)
    same = (model[0].tables() == tables).all(1)
    assert 0 < same.sum() < 40
    assert torch.equal(model[0].weight[same], weight[same])


def test_a_training_run_gains_and_says_so():
    digits = data.load("digits")
    config = TrainConfig(
        EncoderConfig(4, 3, "dyadic"),
        (LayerConfig(100, 6, wiring="learned", initial="random"),),
        TrainingConfig(epochs=3, group_tau=2.0, jitter=1, backfit_sweeps=3),
    )
    seen = []
    trained = fit(digits, config, on_sweep=seen.append)
    plain = fit(digits, dataclasses.replace(config, training=dataclasses.replace(config.training, backfit_sweeps=0)))
    assert trained.sweeps == tuple(seen) and plain.sweeps == ()
    best = max(m.val_accuracy_hard for m in trained.metrics)
    assert max(sweep.val_accuracy_hard for sweep in seen) > best
    assert not torch.equal(trained.model[0].weight, plain.model[0].weight)
    again = fit(digits, config)
    assert torch.equal(again.model[0].weight, trained.model[0].weight)


def test_jitter_shifts_and_distortion_make_copies():
    def copies(**changes):
        return list(module._copies(dataclasses.replace(SETTINGS, **changes)))

    shifts = sorted(how["shift"] for how in copies(augment="shift"))
    assert shifts == sorted(itertools.product((-1, 0, 1), repeat=2))
    assert copies() == [{"shift": (0, 0)}]
    assert copies(jitter=2) == [{"shift": (0, 0)}] + [{"affine": False, "jitter": 2}] * 8
    assert copies(augment="affine") == [{"shift": (0, 0)}] + [{"affine": True, "jitter": 0}] * 8


def test_a_last_layer_that_is_not_dense_is_refused_before_training():
    layers = (LayerConfig(kind="convolution", channels=10), LayerConfig(kind="or-pool"))
    with pytest.raises(ConfigError) as error:
        TrainConfig(layers=layers, training=SETTINGS).check(10)
    assert str(error.value) == (
        "training.backfit_sweeps is 5, but the last layer's kind is or-pool; set it to 0, or end with a dense layer."
    )


def test_scores_that_are_large_over_a_small_tau_do_not_overflow():
    bits, labels = _task(50, 8, 2)
    model = torch.nn.Sequential(LogicLayer(8, 4000, 2, seed=3), GroupSum(2, 0.5))
    with np.errstate(all="raise"):
        sweeps = _run(model, bits, labels, dataclasses.replace(SETTINGS, backfit_sweeps=1))
    assert np.isfinite(sweeps[0].loss)


def _planted(samples=3000):
    """Two classes, told apart by a function of three of forty inputs."""
    bits = torch.randint(2, (samples, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    return bits, (bits[:, 30] & (bits[:, 31] | bits[:, 32])).long().numpy()


@pytest.mark.parametrize("candidates", [0, 4])
def test_inputs_that_help_are_exchanged_for_those_that_do_not(candidates):
    bits, labels = _planted()
    torch.manual_seed(0)
    layer = LogicLayer(40, 8, 3, wiring="learned", candidates=candidates, initial="random", seed=1)
    model = torch.nn.Sequential(layer, GroupSum(2, 1.0))
    chosen = layer.current_fanins().clone()
    tables_alone = dataclasses.replace(SETTINGS, backfit_sweeps=6)
    before = _run(copy.deepcopy(model), bits, labels, tables_alone)[-1].loss
    sweeps = _run(model, bits, labels, dataclasses.replace(tables_alone, backfit_exchanges=6))
    assert sweeps[0].exchanged > 0
    assert sweeps[-1].loss == pytest.approx(_loss(model, bits, labels), rel=1e-6)
    assert sweeps[-1].loss < 0.5 * before
    assert {30, 31, 32} <= set(layer.current_fanins().unique().tolist())
    assert not torch.equal(layer.current_fanins(), chosen)


def test_fixed_wiring_is_left_alone():
    bits, labels = _planted()
    layer = LogicLayer(40, 8, 3, initial="random", seed=1)
    chosen = layer.fanins.clone()
    sweeps = _run(torch.nn.Sequential(layer, GroupSum(2, 1.0)), bits, labels, EXCHANGING)
    assert torch.equal(layer.fanins, chosen) and not any(sweep.exchanged for sweep in sweeps)


def test_what_no_sweep_improved_keeps_its_wiring():
    bits, labels = _planted()
    layer = LogicLayer(40, 8, 3, wiring="learned", candidates=4, initial="random", seed=1)
    chosen = layer.current_fanins().clone()
    model = torch.nn.Sequential(layer, GroupSum(2, 1.0))
    assert _run(model, bits, labels, EXCHANGING, validate=lambda: 0.5)[0].exchanged > 0
    assert torch.equal(layer.current_fanins(), chosen)
