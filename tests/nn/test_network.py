import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from warp2hdl.config import LayerConfig, TrainConfig
from warp2hdl.encode import fit_encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.network import build, image_size
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.windows import encoded_image_rows

CONVOLUTION = LayerConfig(kind="convolution", channels=6, arity=2, tree_depth=3, padding=1, groups=2)
POOLING = LayerConfig(kind="or-pool")
DENSE = LayerConfig(nodes=30, arity=4)


def _rows(bits=2, shape=(1, 8, 8)):
    x = np.random.default_rng(0).integers(0, 256, (100, int(np.prod(shape)))).astype(np.uint8)
    encoder = fit_encoder(x, 8, bits)
    return encoder, encoded_image_rows(encoder, shape)


def test_layers_over_images():
    encoder, rows = _rows()
    config = TrainConfig(layers=(CONVOLUTION, POOLING, dataclasses.replace(CONVOLUTION, stride=2), DENSE, DENSE))
    model = build(config, encoder.bits, 3, rows)
    assert [type(layer) for layer in model] == [LogicConv2d, OrPool2d, LogicConv2d, LogicLayer, LogicLayer, GroupSum]
    assert [layer.out_shape for layer in list(model)[:3]] == [(6, 8, 8), (6, 4, 4), (6, 2, 2)]
    assert model[0].windows.in_shape == (2, 8, 8)
    assert model(torch.randint(2, (5, encoder.bits), dtype=torch.uint8)).shape == (5, 3)
    assert image_size(model) == (8, 8)
    assert image_size(build(TrainConfig(layers=(DENSE,)), 10, 3)) is None


def test_each_layer_has_its_own_seed():
    encoder, rows = _rows()
    config = TrainConfig(layers=(DENSE, DENSE))
    first, second = build(config, 30, 3), build(config, 30, 3)
    assert torch.equal(first[0].weight, second[0].weight)
    assert not torch.equal(first[0].weight, first[1].weight)
    config = TrainConfig(layers=(CONVOLUTION,))
    pair = [build(config, encoder.bits, 3, rows)[0] for _ in range(2)]
    for level, other in zip(*(conv.levels for conv in pair), strict=True):
        assert torch.equal(level.weight, other.weight)
    assert torch.equal(pair[0].levels[0].fanins, pair[1].levels[0].fanins)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((POOLING, DENSE), "layers[0]: the kind is 'or-pool'; start with a 'convolution'."),
        (
            (CONVOLUTION, DENSE, POOLING, DENSE),
            "layers[2].kind is 'or-pool', but the layer before it gives no images; use 'dense'.",
        ),
        (
            (CONVOLUTION, dataclasses.replace(POOLING, size=9), DENSE),
            "layers[1]: windows of 9 x 9 do not fit into 8 x 8 pixels with a padding of 0; make them smaller.",
        ),
        (
            (dataclasses.replace(CONVOLUTION, groups=4), DENSE),
            "layers[0]: groups is 4; it must divide the 2 input channels and be at most the 6 output channels.",
        ),
        (
            (dataclasses.replace(CONVOLUTION, channels=2, padding=0), POOLING, POOLING),
            "the last layer has 2 outputs, which do not divide into 3 classes.",
        ),
    ],
)
def test_layers_that_do_not_fit(layers, message):
    encoder, rows = _rows()
    with pytest.raises(ConfigError) as error:
        build(TrainConfig(layers=layers), encoder.bits, 3, rows)
    assert str(error.value) == message


def test_convolutions_need_images():
    with pytest.raises(ConfigError) as error:
        build(TrainConfig(layers=(CONVOLUTION, DENSE)), 10, 3)
    assert str(error.value) == "layers[0].kind is 'convolution', but the samples are no images; use 'dense'."


def test_the_paper_s_network_fits_together():
    # At an eighth of the smallest network's width: the shipped file differs in k alone.
    example = Path(__file__).parents[2] / "docs" / "examples" / "cifar-10-medium.toml"
    config = TrainConfig.read(example, TrainConfig())
    config.check(10)
    k, wide = 4, 256

    def narrow(layer):
        if layer.kind == "or-pool":
            return layer
        if layer.kind == "dense":
            return dataclasses.replace(layer, nodes=layer.nodes * k // wide)
        return dataclasses.replace(layer, channels=layer.channels * k // wide, groups=max(3, layer.groups * k // wide))

    layers = [narrow(layer) for layer in config.layers]
    layers[2] = dataclasses.replace(layers[2], groups=2)
    model = build(dataclasses.replace(config, layers=tuple(layers)), 6144, 10, torch.arange(6144).reshape(6, 32, 32))
    assert [layer.out_shape for layer in list(model)[1:8:2]] == [(4, 16, 16), (16, 8, 8), (64, 4, 4), (128, 2, 2)]
    assert [layer.out_dim for layer in list(model)[8:11]] == [5120, 2560, 1280]
    assert [layer.groups for layer in list(model)[0:8:2]] == [3, 2, 8, 32]
