import numpy as np
import pytest
import torch

from warp2hdl import ir
from warp2hdl.encode import fit_encoder
from warp2hdl.errors import LoweringError
from warp2hdl.lower import lower
from warp2hdl.lower.lower import circuit_name
from warp2hdl.nn import GroupSum, LogicLayer


def _case(layers, classes, rng=None):
    rng = rng or np.random.default_rng(0)
    x = rng.integers(0, 256, (300, 7)).astype(np.uint8)
    encoder = fit_encoder(x, 8, 3)
    modules, width = [], encoder.bits
    for nodes, arity, wiring in layers:
        modules.append(LogicLayer(width, nodes, arity, wiring=wiring))
        modules[-1].weight.data.normal_()
        width = nodes
    return torch.nn.Sequential(*modules, GroupSum(classes)).eval(), encoder, encoder.to_words(x)


def _lower(model, encoder, classes):
    names = [f"x{i}" for i in range(encoder.features)], [str(c) for c in range(classes)]
    return lower(model, encoder, name="t", feature_names=names[0], class_names=names[1])


@pytest.mark.parametrize(
    ("layers", "classes"),
    [([(20, k, "random")], 2) for k in range(1, 7)]
    + [([(30, 6, "learned"), (40, 2, "random"), (30, 3, "random")], 3), ([(25, 1, "random")] * 6, 5)],
)
def test_circuit_equals_hard_network(layers, classes):
    model, encoder, words = _case(layers, classes)
    circuit = _lower(model, encoder, classes)
    scores = model(torch.from_numpy(encoder.to_bits(words).astype(np.uint8))).detach().numpy()
    np.testing.assert_array_equal(ir.scores(circuit, words), scores)
    np.testing.assert_array_equal(ir.classify(circuit, words), scores.argmax(1))


def test_layers_without_a_lut_form_are_refused():
    encoder = _case([(20, 2, "random")], 2)[1]
    layer = LogicLayer(encoder.bits, 20)
    cases = [
        (torch.nn.Sequential(layer), "the last layer is no GroupSum; end the network with one."),
        (torch.nn.Sequential(GroupSum(2)), "the network has no LogicLayer; put at least one before the GroupSum."),
        (
            torch.nn.Sequential(layer, torch.nn.ReLU(), GroupSum(2)),
            "layer 1, a ReLU, has no LUT form; use LogicLayer, LogicConv2d, OrPool2d.",
        ),
        (
            torch.nn.Sequential(LogicLayer(3, 20), GroupSum(2)),
            f"layer 0 takes 3 inputs but gets {encoder.bits}; make the widths agree.",
        ),
        (
            torch.nn.Sequential(layer, GroupSum(3)),
            "20 outputs do not divide into 3 classes; change the last layer's width.",
        ),
    ]
    for model, message in cases:
        with pytest.raises(LoweringError) as error:
            _lower(model, encoder, 2)
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "name"),
    [("digits", "digits"), ("fashion-mnist", "fashion_mnist"), ("3 cats", "circuit_3_cats"), ("é", "circuit")],
)
def test_circuit_name(text, name):
    assert circuit_name(text) == name
