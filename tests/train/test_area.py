"""The expected number of look-ups, and what it does to a network in training."""

import dataclasses

import numpy as np
import pytest
import torch

from warp2hdl import data, passes
from warp2hdl.backends.design import build_design
from warp2hdl.backends.encoder import build_comparator
from warp2hdl.backends.graph import Graph
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import activation, walsh_hadamard
from warp2hdl.lower import lower
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.thresholds import Thresholds
from warp2hdl.train import fit
from warp2hdl.train.area import ExpectedArea, comparator_luts, encoder_luts

SETTINGS = TrainingConfig(area_weight=0.5, wiring_learning_rate=0.05)


def _encoder(features=12, bits=8, each=3, seed=0):
    draw = np.random.default_rng(seed)
    cuts = [np.sort(draw.choice(np.arange(1, 1 << bits), each, replace=False)) for _ in range(features)]
    return Encoder(
        np.full(features, bits, np.uint8),
        np.ones(features),
        np.zeros(features),
        np.repeat(np.arange(features, dtype=np.int32), each),
        np.concatenate(cuts).astype(np.uint32),
    )


def _network(*layers):
    return torch.nn.Sequential(*layers, GroupSum(2))


def _area(model, encoder, **settings):
    return ExpectedArea(model, encoder, dataclasses.replace(SETTINGS, **settings))


def _hardened(model):
    """The same truth tables and choices, beyond doubt."""
    with torch.no_grad():
        for layer in model[:-1]:
            layer.weight.copy_(1000 * layer.weight.abs().max() * walsh_hadamard(1 - 2 * layer.tables().float()))
            if layer.wiring == "learned":
                layer.wiring_weight.copy_(
                    torch.nn.functional.one_hot(layer.wiring_weight.argmax(-1), layer.wiring_weight.shape[-1]) * 100.0
                )
    return model


@pytest.mark.parametrize("bits", [1, 2, 5, 6, 7, 8, 11])
def test_a_comparator_costs_what_the_emitter_builds(bits):
    expected = [0]
    for threshold in range(1, 1 << bits):
        graph = Graph(bits)
        build_comparator(graph, "x", range(bits), threshold, 6)
        expected.append(len(graph.nodes))
    assert comparator_luts(bits).tolist() == expected


def test_bits_of_words_of_different_widths_cost_what_their_comparators_cost():
    bits = np.array([8, 4, 1], np.uint8)
    encoder = Encoder(
        bits, np.ones(3), np.zeros(3), np.array([0, 0, 1, 2], np.int32), np.array([128, 65, 3, 1], np.uint32)
    )
    assert encoder_luts(encoder).tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize("arity", [1, 2, 4, 6])
@pytest.mark.parametrize("wiring", ["random", "learned"])
def test_at_hard_parameters_it_is_the_count_of_the_hard_network(arity, wiring):
    encoder = _encoder()
    candidates = {"wiring": wiring, "candidates": 5}
    model = _network(
        LogicLayer(36, 30, arity, initial="random", seed=1, **candidates),
        LogicLayer(30, 24, min(arity, 2), initial="random", seed=2, **candidates),
    )
    for layer in model[:-1]:  # constants, wires and inverters among the nodes
        table = layer.tables()
        table[0], table[1] = False, True
        table[2], table[3] = torch.arange(table.shape[1]) & 1 == 1, torch.arange(table.shape[1]) & 1 == 0
        layer.weight.data = walsh_hadamard(1.0 - 2.0 * table.float())
    parts = _area(_hardened(model), encoder).parts()
    circuit = lower(model.eval(), encoder, name="hard", feature_names=[f"f{i}" for i in range(12)], class_names="ab")
    fabric, comparators, votes = _count(circuit)
    assert parts.fabric.item() == pytest.approx(fabric, abs=1e-3)
    assert parts.encoder.item() == pytest.approx(comparators, abs=1e-3)
    assert parts.popcount.item() == pytest.approx(votes, abs=1e-3)
    # The passes may find more, and share low parts of comparators.
    found = build_design(passes.run(circuit)[0]).lookups()
    assert found["encoder"] <= parts.encoder.item() + 1e-3
    assert found["fabric"] <= parts.fabric.item() + 1 + 1e-3 + sum(_inverters(circuit))
    assert 0 < fabric < 54 or arity == 1


def _inverters(circuit):
    return [
        table == 1 for table, arity in zip(circuit.network.tables, circuit.network.arities, strict=True) if arity == 1
    ]


def _depends(table, arity):
    """The inputs that a table depends on."""
    bits = [int(table) >> address & 1 for address in range(1 << arity)]
    return [j for j in range(arity) if any(bits[a] != bits[a ^ 1 << j] for a in range(1 << arity))]


def _count(circuit):
    """Nodes of two inputs and more, look-ups of comparators, and votes that vary, of what the outputs depend on."""
    network = circuit.network
    live, fabric, reads = set(), 0, {}
    for node in range(network.nodes):
        start, end = network.fanin_offsets[node : node + 2]
        fanins = network.fanins[start:end]
        reads[network.inputs + node] = [int(fanins[j]) for j in _depends(network.tables[node], end - start)]
    todo = network.outputs.tolist()
    while todo:
        signal = todo.pop()
        if signal not in live:
            live.add(signal)
            todo += reads.get(signal, [])
    fabric = sum(len(reads[s]) > 1 for s in live if s in reads)
    costs = encoder_luts(circuit.encoder)
    return (
        fabric,
        sum(costs[s] for s in live if s < network.inputs),
        sum(bool(reads[s]) for s in network.outputs.tolist()),
    )


@pytest.mark.parametrize("relaxation", ["walsh", "multilinear", "difflogic"])
@pytest.mark.parametrize("candidates", [0, 4])
def test_gradients_are_those_of_finite_differences(relaxation, candidates):
    encoder = _encoder(features=4, each=2)
    wired = {"wiring": "learned", "candidates": candidates}
    model = _network(
        LogicLayer(8, 6, 2, relaxation, initial="random", seed=1, **wired),
        LogicLayer(6, 4, 2, relaxation, initial="random", seed=2),
    ).double()
    with torch.no_grad():
        for layer in model[:-1]:
            layer.weight.mul_(0.5)
    area = _area(model, encoder)
    area().backward()
    draw = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)
        for place in draw.choice(len(flat), 8, replace=False):
            before, values = flat[place].item(), []
            for step in (1e-5, -1e-5):
                flat[place] = before + step
                values.append(area().item())
            flat[place] = before
            expected = (values[0] - values[1]) / 2e-5
            assert slope[place].item() == pytest.approx(expected, rel=1e-5, abs=1e-8), (name, place)


@pytest.mark.parametrize("limit", [0.0, 1.2])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_expectation_is_the_mean_over_drawn_tables(k, limit):
    layer = LogicLayer(k, 1, k, initial="random", limit=limit, seed=4)
    model = _network(layer)
    parts = _area(model, _encoder(features=1, each=k)).parts()
    share = activation(walsh_hadamard(layer.weight.detach()), layer.tau, limit=limit)[0].double()
    several = vary = 0.0
    for table in range(1 << (1 << k)):
        bits = torch.tensor([table >> a & 1 for a in range(1 << k)])
        chance = torch.where(bits == 1, share, 1 - share).prod().item()
        several += chance * (len(_depends(table, k)) > 1)
        vary += chance * (0 < bits.sum().item() < 1 << k)
    assert parts.fabric.item() == pytest.approx(several, abs=1e-5)
    assert parts.popcount.item() == pytest.approx(vary, abs=1e-5)


def test_what_is_built_already_is_free_and_what_is_not_has_its_price():
    encoder = _encoder(features=4, each=2)
    layer = LogicLayer(8, 2, 2, wiring="random", initial="random", seed=1)
    layer.fanins.copy_(torch.tensor([[0, 1], [1, 2]]))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 0, 0, 900], [0, 0, 0, 900]]))
    prices = _area(_network(layer), encoder).prices()
    expected = 0.5 * encoder_luts(encoder)
    expected[:3] = 0
    assert prices.tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_learned_thresholds_cost_what_they_cost_now():
    encoder = _encoder(features=4, each=2)
    thresholds = Thresholds(encoder)
    layer = LogicLayer(8, 30, 4, seed=1)
    area = _area(torch.nn.Sequential(thresholds, layer, GroupSum(2)), encoder)
    before = area.parts().encoder.item()
    assert before == pytest.approx(encoder_luts(encoder).sum(), rel=0.01)
    with torch.no_grad():
        thresholds.threshold_first.fill_(128 / 255)
        thresholds.threshold_gaps.fill_(-30.0)
    assert area.parts().encoder.item() == 0


def test_nothing_is_asked_for_by_default_and_images_have_no_area():
    pooled = _network(OrPool2d((1, 6, 6), 2), LogicLayer(9, 4, 2, seed=0))
    assert not _area(pooled, _encoder(), area_weight=0.0).active
    with pytest.raises(ConfigError) as error:
        _area(pooled, _encoder())
    assert str(error.value) == (
        "training.area_weight is 0.5, but no area is known of layers over images; set it to 0, or take dense layers."
    )


def test_a_network_that_pays_for_comparators_reads_fewer():
    digits = data.load("digits")
    config = TrainConfig(
        EncoderConfig(4, 3, "dyadic"),
        (LayerConfig(60, 6, wiring="learned", candidates=16, initial="random"),),
        TrainingConfig(
            epochs=8,
            group_tau=1.5,
            wiring_learning_rate=0.05,
            rewiring_interval=10,
            backfit_sweeps=1,
            backfit_exchanges=1,
        ),
    )
    luts, accuracies = [], []
    for weight in (0.0, 0.0005):
        settings = dataclasses.replace(config.training, area_weight=weight)
        trained = fit(digits, dataclasses.replace(config, training=settings))
        read = trained.model[0].current_fanins().unique().numpy()
        luts.append(encoder_luts(trained.encoder)[read].sum())
        accuracies.append(max(m.val_accuracy_hard for m in trained.metrics))
    assert luts[1] < 0.7 * luts[0], luts
    assert accuracies[1] > accuracies[0] - 0.06, accuracies
