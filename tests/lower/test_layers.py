import numpy as np
import pytest
import torch

from warp2hdl import ir
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import LoweringError
from warp2hdl.lower import lower
from warp2hdl.lower.layers import or_trees
from warp2hdl.lower.nodes import Nodes
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.network import build
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.presets import preset


def _images(shape, thermometer_bits, samples=130):
    x = np.random.default_rng(1).integers(0, 256, (samples, int(np.prod(shape)))).astype(np.uint8)
    x[:, 0] = 7  # a pixel that never changes has no bit
    encoder = fit_encoder(x, 8, thermometer_bits)
    return encoder, encoder.to_words(x)


def _conv(encoder, image_shape, *arguments, **settings):
    rows = encoded_image_rows(encoder, image_shape)
    return LogicConv2d(tuple(rows.shape), *arguments, **settings, image_rows=rows)


def _check(model, encoder, words, classes, *, constant=0.0):
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            torch.nn.init.normal_(parameter)
            parameter.data[:, 0] += constant
    names = [f"x{i}" for i in range(encoder.features)], [str(c) for c in range(classes)]
    circuit = lower(model.eval(), encoder, name="t", feature_names=names[0], class_names=names[1])
    expected = model(torch.from_numpy(encoder.to_bits(words).astype(np.uint8))).numpy()
    np.testing.assert_array_equal(ir.scores(circuit, words), expected)
    assert len(np.unique(expected)) > 2
    return circuit


@pytest.mark.parametrize(
    ("shape", "bits", "settings"),
    [
        ((6, 7), 1, {"channels_out": 4, "arity": 2, "depth": 1}),
        ((6, 7), 2, {"channels_out": 4, "arity": 2, "depth": 3, "padding": 1, "groups": 2}),
        ((3, 5, 5), 2, {"channels_out": 6, "arity": 3, "depth": 2, "stride": 2, "padding": 1, "groups": 3}),
        ((2, 7, 5), 1, {"channels_out": 4, "arity": 4, "depth": 1, "stride": 2}),
        ((2, 5, 5), 3, {"channels_out": 4, "arity": 6, "depth": 2, "padding": 1}),
    ],
)
def test_convolution(shape, bits, settings):
    encoder, words = _images(shape, bits)
    conv = _conv(encoder, shape, **settings, seed=0)
    circuit = _check(torch.nn.Sequential(conv, GroupSum(2)), encoder, words, 2)
    positions = conv.out_shape[1] * conv.out_shape[2]
    assert circuit.network.nodes == int(conv.padded) + sum(level.out_dim * positions for level in conv.levels)
    tables = circuit.network.tables[-4 * positions :].reshape(-1, positions)
    assert (tables == tables[:, :1]).all()


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 2, 1), (5, 2, 2), (7, 1, 3), (1, 2, 0)]
)
def test_pooling(size, stride, padding):
    encoder, words = _images((7, 8), 1)
    conv = _conv(encoder, (7, 8), 8, 2, 1, 3, seed=0)
    pool = OrPool2d(conv.out_shape, size, stride, padding)
    # The constant makes ones rare, or else every large window holds one.
    _check(torch.nn.Sequential(conv, pool, GroupSum(2)), encoder, words, 2, constant=5.0)


def test_a_deep_network_of_all_layers():
    encoder, words = _images((2, 9, 9), 2)
    conv = _conv(encoder, (2, 9, 9), 6, 3, 2, 3, padding=1, groups=2, seed=0)
    pool = OrPool2d(conv.out_shape, 2, 2, 1)
    second = LogicConv2d(pool.out_shape, 8, 3, 1, 4, stride=2, groups=3, seed=1)
    width = int(np.prod(second.out_shape))
    model = torch.nn.Sequential(
        torch.nn.Flatten(), conv, pool, second, torch.nn.Flatten(), LogicLayer(width, 30, 6, seed=2), GroupSum(3)
    )
    circuit = _check(model, encoder, words, 3)
    constants = (circuit.network.arities == 0).sum()
    assert constants == 1  # one for the border and the pixel that never changes


@pytest.mark.parametrize(
    ("width", "nodes", "depth"),
    [(1, 0, 0), (2, 1, 1), (6, 1, 1), (7, 2, 2), (9, 2, 2), (16, 3, 2), (36, 7, 2), (37, 8, 3), (49, 10, 3)],
)
def test_or_trees_are_small_and_flat(width, nodes, depth):
    builder = Nodes(2 * width)
    outputs = or_trees(np.arange(2 * width, dtype=np.int32).reshape(2, width), builder)
    network = builder.network(outputs)
    assert (network.nodes, network.depth) == (2 * nodes, depth)
    # Sample i has one input set, i; the last has none.
    inputs = np.zeros((2 * width, 2), np.uint64)
    for i in range(2 * width):
        inputs[i, i // 64] = np.uint64(1) << np.uint64(i % 64)
    found = ir.evaluate_network(network, inputs)[outputs]
    bits = np.unpackbits(found.view(np.uint8), axis=1, bitorder="little")
    expected = np.zeros_like(bits)
    expected[0, :width] = expected[1, width : 2 * width] = 1
    assert np.array_equal(bits, expected)


def test_the_preset_of_cifar():
    features = 3 * 32 * 32
    encoder = Encoder(
        np.full(features, 8, np.uint8),
        np.ones(features),
        np.zeros(features),
        np.repeat(np.arange(features, dtype=np.int32), 3),
        np.tile(np.array([64, 128, 192], np.uint32), features),
    )
    model = build(preset("cifar-10", 10, 45_000), encoder.bits, 10, encoded_image_rows(encoder, (3, 32, 32)))
    names = [f"x{i}" for i in range(features)], [str(c) for c in range(10)]
    network = lower(model, encoder, name="t", feature_names=names[0], class_names=names[1]).network
    assert network.nodes == 83_681  # as docs/convolution.md says
    assert network.depth == 8


def test_widths_that_do_not_fit():
    encoder, _ = _images((5, 5), 1)
    model = torch.nn.Sequential(LogicConv2d((1, 5, 5), 4), GroupSum(2))
    with pytest.raises(LoweringError, match="layer 0 takes 25 inputs but gets 24; make the widths agree"):
        lower(model, encoder, name="t", feature_names=["x"] * 25, class_names=["a", "b"])
