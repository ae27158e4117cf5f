import itertools
import math

import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import walsh_hadamard, walsh_layer
from warp2hdl.nn import LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS

# The 16 gates on probabilities, as difflogic's paper lists them (arXiv 2210.08277, table 1).
GATES = [
    lambda a, b: 0 * a,
    lambda a, b: a * b,
    lambda a, b: a - a * b,
    lambda a, b: a,
    lambda a, b: b - a * b,
    lambda a, b: b,
    lambda a, b: a + b - 2 * a * b,
    lambda a, b: a + b - a * b,
    lambda a, b: 1 - (a + b - a * b),
    lambda a, b: 1 - (a + b - 2 * a * b),
    lambda a, b: 1 - b,
    lambda a, b: 1 - b + a * b,
    lambda a, b: 1 - a,
    lambda a, b: 1 - a + a * b,
    lambda a, b: 1 - a * b,
    lambda a, b: 0 * a + 1,
]


def test_difflogic_is_the_mixture_of_gates():
    layer = LogicLayer(6, 8, 2, "difflogic", tau=1.5, seed=0)
    layer.weight.data.normal_()
    x = torch.rand(20, 6)
    a, b = (x[:, layer.fanins[:, j].long()] for j in (0, 1))
    shares = torch.softmax(layer.weight / 1.5, -1)
    expected = sum(shares[:, i] * gate(a, b) for i, gate in enumerate(GATES))
    torch.testing.assert_close(layer(x), expected)


def test_difflogic_is_hard_in_its_likeliest_gate():
    layer = LogicLayer(6, 16, 2, "difflogic", seed=0)
    layer.weight.data = 5.0 * torch.eye(16)
    x = torch.randint(2, (30, 6)).float()
    a, b = (x[:, layer.fanins[:, j].long()] for j in (0, 1))
    expected = torch.stack([gate(a[:, i], b[:, i]) for i, gate in enumerate(GATES)], 1)
    assert torch.equal(layer.eval()(x), expected)


@pytest.mark.parametrize("arity", range(1, 7))
def test_multilinear_is_the_expected_table_entry(arity):
    layer = LogicLayer(7, 5, arity, "multilinear", tau=0.8, seed=0)
    layer.weight.data.normal_()
    x = torch.rand(11, 7)
    inputs = x[:, layer.fanins.long()]  # [batch, nodes, arity]
    expected = torch.zeros(11, 5)
    for address, bits in enumerate(itertools.product([0, 1], repeat=arity)):
        chance = torch.ones(11, 5)
        for j, bit in enumerate(reversed(bits)):  # bit j of the address is input j
            chance = chance * (inputs[..., j] if bit else 1 - inputs[..., j])
        expected += chance * torch.sigmoid(layer.weight[:, address] / 0.8)
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)


def test_difflogic_is_multilinear_at_mapped_parameters():
    gates, tables = LogicLayer(6, 8, 2, "difflogic", seed=0), LogicLayer(6, 8, 2, "multilinear", seed=0)
    gates.weight.data.normal_()
    entries = (1 - walsh_hadamard(RELAXATIONS["difflogic"].coefficients(gates.weight, 1.0))) / 2
    tables.weight.data = torch.logit(entries.detach())
    tables.load_state_dict({"fanins": gates.fanins}, strict=False)
    x = torch.rand(20, 6)
    torch.testing.assert_close(gates(x), tables(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("arity", range(1, 7))
def test_walsh_and_multilinear_agree_at_the_corners(arity):
    # With z's transform as logits both give the same probabilities wherever the inputs are bits.
    walsh, tables = LogicLayer(7, 5, arity, seed=0), LogicLayer(7, 5, arity, "multilinear", seed=0)
    walsh.weight.data.normal_()
    tables.weight.data = -walsh_hadamard(walsh.weight.data)
    bits = torch.randint(2, (40, 7)).float()
    torch.testing.assert_close(walsh(bits), tables(bits), rtol=1e-4, atol=1e-5)
    assert torch.equal(walsh.tables(), tables.tables())


def test_walsh_without_its_sigmoid_is_multilinear_and_difflogic_at_mapped_parameters():
    gates = torch.randn(8, 16, dtype=torch.float64)
    theta = RELAXATIONS["difflogic"].coefficients(gates, 1.0)
    entries = torch.logit((1 - walsh_hadamard(theta)) / 2)
    x = torch.rand(6, 20, dtype=torch.float64)
    fanins = torch.randint(6, (8, 2))
    a, b = x[fanins[:, 0]], x[fanins[:, 1]]
    mixture = sum(torch.softmax(gates, -1)[:, [i]] * gate(a, b) for i, gate in enumerate(GATES))
    for coefficients in (theta, RELAXATIONS["multilinear"].coefficients(entries, 1.0)):
        torch.testing.assert_close(walsh_layer(x, fanins, coefficients, 1.0, linear=True), mixture)


@pytest.mark.parametrize("arity", range(1, 7))
def test_equal_tables_at_mapped_parameters(arity):
    theta = torch.randn(50, 1 << arity)
    entries = -walsh_hadamard(theta)
    tables = RELAXATIONS["walsh"].tables(theta)
    assert torch.equal(tables, RELAXATIONS["multilinear"].tables(entries))
    assert torch.equal(tables, RELAXATIONS["dwn"].tables(entries))
    # And back: a sure node's spectrum and entries have its table.
    sure = torch.full((50,), 0.99)
    for name in ("walsh", "multilinear", "dwn"):
        assert torch.equal(RELAXATIONS[name].tables(RELAXATIONS[name].from_tables(tables, sure, 2.0)), tables)


def test_difflogic_has_a_gate_for_every_table():
    tables = torch.arange(16)[:, None] >> torch.arange(4) & 1
    weight = RELAXATIONS["difflogic"].from_tables(tables.bool(), torch.full((16,), 0.8), 1.5)
    assert torch.equal(RELAXATIONS["difflogic"].tables(weight), tables.bool())
    torch.testing.assert_close(torch.softmax(weight / 1.5, -1).amax(1), torch.full((16,), 0.8))


def test_noise_on_entries_is_logistic():
    torch.manual_seed(0)
    logits = torch.tensor([-2.0, 0.0, 1.0]).repeat(100_000, 1)
    for name in ("multilinear", "dwn"):
        noise = RELAXATIONS[name].perturbed(logits) - logits
        assert noise.mean().abs() < 0.02
        assert noise.var().item() == pytest.approx(math.pi**2 / 3, rel=0.02)
        # An entry is 1 with the probability that its logit says.
        torch.testing.assert_close((noise + logits > 0).float().mean(0), torch.sigmoid(logits[0]), atol=0.01, rtol=0)


def test_noise_on_gates_is_gumbel():
    torch.manual_seed(0)
    logits = torch.linspace(-2, 2, 16).repeat(100_000, 1)
    chosen = RELAXATIONS["difflogic"].perturbed(logits).argmax(1)
    shares = torch.bincount(chosen, minlength=16) / len(chosen)
    torch.testing.assert_close(shares, torch.softmax(logits[0], 0), atol=0.01, rtol=0)


@pytest.mark.parametrize("name", ["walsh", "multilinear", "difflogic"])
def test_gradients_reach_the_parameters(name):
    relaxation = RELAXATIONS[name]
    weight = relaxation.initial(4, 2, 1.3, 0.9).double() + 0.1 * torch.randn(1).double()
    weight = (weight + 0.3 * torch.randn_like(weight)).requires_grad_()
    x = torch.rand(5, 6, dtype=torch.float64, requires_grad=True)
    fanins = torch.randint(5, (4, 2))

    def layer(x, weight):
        return walsh_layer(x, fanins, relaxation.coefficients(weight, 1.3), 1.3, linear=relaxation.linear)

    assert torch.autograd.gradcheck(layer, (x, weight))
    # The fused layer has the gradients of the reference.
    fused = LogicLayer(5, 4, 2, name, tau=1.3)
    fused.fanins.copy_(fanins)
    fused.weight.data = weight.detach().float()
    scale = torch.randn(4)
    (fused(x.detach().float().t()) * scale).sum().backward()
    (expected,) = torch.autograd.grad((layer(x, weight).t() * scale).sum(), weight)
    torch.testing.assert_close(fused.weight.grad, expected.float(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", RELAXATIONS)
def test_initial_nodes_pass_on_their_first_input(name):
    relaxation = RELAXATIONS[name]
    weight = relaxation.initial(3, 2, 2.0, 0.9)
    assert relaxation.tables(weight).int().tolist() == [[0, 1, 0, 1]] * 3
    x = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    y = walsh_layer(x, torch.tensor([[0, 1]] * 3), relaxation.coefficients(weight, 2.0), 2.0, linear=relaxation.linear)
    high, low = y[:, 0], y[:, 1]
    assert torch.all(high > 0.88)
    assert torch.all(low < 0.12)


def test_difflogic_has_two_inputs():
    with pytest.raises(ConfigError, match="gates of 2 inputs only"):
        RELAXATIONS["difflogic"].initial(3, 4, 1.0, 0.9)
