import math

import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import walsh_layer
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS


@pytest.mark.parametrize("arity", range(1, 7))
def test_training_output_is_the_walsh_layer(arity):
    layer = LogicLayer(9, 12, arity, tau=1.4)
    x = torch.rand(5, 9)
    expected = walsh_layer(x.t(), layer.fanins, layer.weight, 1.4).t()
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
@pytest.mark.parametrize(("wiring", "candidates"), [("random", 1), ("learned", 5), ("learned", 0)])
@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_bits_and_floats_agree(dtype, wiring, candidates, relaxation):
    layer = LogicLayer(9, 12, 2, relaxation, wiring=wiring, candidates=candidates)
    bits = torch.randint(2, (50, 9)).to(dtype)
    outputs, gradients = [], []
    for x in (bits, bits.float()):
        layer.zero_grad()
        y = layer(x)
        (y * torch.linspace(-1, 1, 12)).sum().backward()
        outputs.append(y.detach())
        gradients.append([p.grad.clone() for p in layer.parameters()])
    torch.testing.assert_close(*outputs)
    for from_bits, from_floats in zip(*gradients, strict=True):
        torch.testing.assert_close(from_bits, from_floats, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arity", range(1, 7))
def test_evaluation_is_the_truth_table(arity):
    layer = LogicLayer(9, 12, arity).eval()
    layer.weight.data.normal_()
    bits = torch.randint(2, (40, 9))
    address = (bits[:, layer.fanins.long()] << torch.arange(arity)).sum(-1)
    expected = layer.tables()[torch.arange(12), address].float()
    assert torch.equal(layer(bits.float()), expected)
    assert torch.equal(layer(bits.to(torch.uint8)), expected)
    # The relaxed output is on the same side of one half.
    layer.train()
    assert torch.equal((layer(bits.float()) > 0.5).float(), expected)


def test_new_nodes_pass_on_their_first_input():
    layer = LogicLayer(20, 30, 4, residual=0.9, tau=2.0)
    assert layer.weight[:, 1].mean().item() == pytest.approx(2 * math.log(9), rel=0.05)
    bits = torch.randint(2, (100, 20), dtype=torch.uint8)
    assert torch.equal(layer.eval()(bits), bits[:, layer.fanins[:, 0].long()].float())


def test_noise_only_in_gumbel_training():
    bits = torch.randint(2, (10, 6), dtype=torch.uint8)
    soft, noisy = LogicLayer(6, 8, 2, seed=1), LogicLayer(6, 8, 2, sampling="gumbel-soft", seed=1)
    assert torch.equal(soft.weight, noisy.weight)
    assert not torch.equal(noisy(bits), noisy(bits))
    assert not torch.allclose(noisy(bits), soft(bits))
    assert torch.equal(noisy.eval()(bits), soft.eval()(bits))


@pytest.mark.parametrize("relaxation", ["walsh", "dwn"])
def test_learned_wiring_finds_the_input_that_matters(relaxation):
    torch.manual_seed(0)
    layer = LogicLayer(16, 4, 1, relaxation, wiring="learned", candidates=0)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(150):
        bits = torch.randint(2, (64, 16), dtype=torch.uint8)
        loss = torch.nn.functional.mse_loss(layer(bits), bits[:, [11]].float().expand(-1, 4))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert layer.current_fanins().flatten().tolist() == [11] * 4


def test_stands_in_a_sequential_and_learns_xor():
    torch.manual_seed(0)
    model = torch.nn.Sequential(LogicLayer(2, 32, arity=2), LogicLayer(32, 20, arity=2), GroupSum(k=2, tau=2))
    x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(300):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.equal(model.eval()(x).argmax(1), y)


@pytest.mark.parametrize(
    "settings",
    [
        {"wiring": "random"},
        {"wiring": "unique"},
        {"wiring": "structured"},
        {"wiring": "learned", "candidates": 4},
        {"wiring": "learned", "candidates": 0},
    ],
)
def test_wiring_is_part_of_the_state(settings):
    first, second = LogicLayer(8, 6, 3, seed=0, **settings), LogicLayer(8, 6, 3, seed=1, **settings)
    second.load_state_dict(first.state_dict())
    assert first.current_fanins().shape == (6, 3)
    assert first.current_fanins().dtype == torch.int32
    assert torch.equal(first.current_fanins(), second.current_fanins())
    assert torch.equal(first.weight, second.weight)


def test_stages_of_a_butterfly():
    first, second = (LogicLayer(16, 16, 2, wiring="structured", stage=stage) for stage in (0, 1))
    assert (first.fanins[0].tolist(), second.fanins[0].tolist()) == ([0, 1], [0, 2])


def test_group_sum():
    x = torch.tensor([[1.0, 1, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]])
    assert GroupSum(k=3, tau=2)(x).tolist() == [[1.0, 0, 1], [0, 0.5, 1]]
    assert GroupSum(k=2)(x).tolist() == [[2.0, 2], [0, 3]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"arity": 7}, "arity is 7; a look-up table has 1 to 6 inputs."),
        ({"arity": 0}, "arity is 0; a look-up table has 1 to 6 inputs."),
        ({"relaxation": "fuzzy"}, "relaxation is 'fuzzy'; it must be one of walsh, multilinear, difflogic, dwn."),
        (
            {"relaxation": "difflogic", "arity": 3},
            "arity is 3; the relaxation difflogic has gates of 2 inputs only.",
        ),
        ({"sampling": "loud"}, "sampling is 'loud'; it must be one of soft, hard, gumbel-soft, gumbel-hard."),
        ({"wiring": "none"}, "wiring is 'none'; it must be one of random, unique, structured, learned."),
        ({"connections": "none"}, "connections is 'none'; it must be one of random, unique, structured, learned."),
        ({"initial": "zero"}, "initial is 'zero'; it must be one of residual, residual-catalog, random."),
        ({"arity": "cpu"}, "arity is 'cpu'; a look-up table has 1 to 6 inputs."),
        (
            {"wiring": "unique", "out_dim": 7},
            "wiring is 'unique', but 4 inputs have only 6 sets of 2 for 7 nodes; "
            "make the layer narrower or use 'random'.",
        ),
        ({"tau": 0}, "tau is 0; it must be positive."),
        ({"residual": 0.3}, "residual is 0.3; it must be at least 0.5 and below 1."),
        (
            {"wiring": "learned", "candidates": -1},
            "candidates is -1; it must be at least 1, or 0 for all inputs.",
        ),
        ({"in_dim": 0}, "a layer of 0 inputs and 4 nodes is empty; both must be at least 1."),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ConfigError) as error:
        LogicLayer(**({"in_dim": 4, "out_dim": 4} | arguments))
    assert str(error.value) == message


def test_wrong_width():
    with pytest.raises(ConfigError, match=r"the input has shape \(2, 5\); this layer takes \[batch, 4\]"):
        LogicLayer(4, 4)(torch.rand(2, 5))
    with pytest.raises(ConfigError, match="5 outputs do not divide into 2 classes"):
        GroupSum(2)(torch.rand(3, 5))
