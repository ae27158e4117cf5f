import pytest
import torch

from warp2hdl.nn import LogicLayer
from warp2hdl.nn.initial import catalog_tables, initial_weight
from warp2hdl.nn.relaxations import RELAXATIONS


@pytest.mark.parametrize("residual", [0.88, 0.951])
@pytest.mark.parametrize("tau", [1.0, 4.0])
@pytest.mark.parametrize(("relaxation", "limit"), [("walsh", 0.0), ("walsh", 1.0), ("multilinear", 0.0)])
def test_a_layer_passes_on_with_the_stated_probability(relaxation, limit, tau, residual):
    layer = LogicLayer(40, 60, 4, relaxation, tau=tau, limit=limit, residual=residual, seed=0)
    bits = torch.randint(2, (200, 40))
    passed = bits[:, layer.fanins[:, 0].long()]
    y = layer(bits.float())
    assert torch.where(passed == 1, y, 1 - y).mean().item() == pytest.approx(residual, abs=0.003)


def test_a_difflogic_layer_passes_on_with_the_stated_probability():
    weight = initial_weight(RELAXATIONS["difflogic"], 500, 2, 1.5, residual=0.9)
    assert torch.softmax(weight / 1.5, -1)[:, 3].mean().item() == pytest.approx(0.9, abs=0.003)


def _gradient_factor(relaxation, **settings):
    """Mean factor by which a layer of twelve shrinks the gradient."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(*(LogicLayer(256, 256, 2, relaxation, seed=i, **settings) for i in range(12)))
    x = torch.randint(2, (100, 256)).float().requires_grad_()
    y = network(x)
    grad = torch.randn_like(y)
    y.backward(grad)
    return (x.grad.norm() / grad.norm()).item() ** (1 / 12)


# Of WARP without a limit saturation at 0.951 leaves half of what 0.88 leaves; elsewhere surer nodes pass on more.
@pytest.mark.parametrize(
    ("relaxation", "residual", "limit", "factor"),
    [
        ("walsh", 0.88, 0.0, 0.76),
        ("walsh", 0.951, 0.0, 0.38),
        ("walsh", 0.951, 1.0, 0.88),
        ("multilinear", 0.88, 0.0, 0.76),
        ("dwn", 0.951, 0.0, 0.9),
    ],
)
def test_gradient_factor_of_twelve_layers(relaxation, residual, limit, factor):
    assert _gradient_factor(relaxation, residual=residual, limit=limit) == pytest.approx(factor, abs=0.02)


@pytest.mark.parametrize("relaxation", ["walsh", "multilinear", "dwn"])
@pytest.mark.parametrize("arity", range(1, 7))
def test_catalogue(relaxation, arity):
    rule = RELAXATIONS[relaxation]
    generator = torch.Generator().manual_seed(0)
    weight = initial_weight(rule, 1000, arity, 2.0, initial="residual-catalog", residual=0.9, generator=generator)
    passing = (torch.arange(1 << arity) & 1).bool()
    tables = rule.tables(weight)
    others = (tables != passing).any(1)
    # A tenth was drawn from the catalogue, some of it the same pass-through.
    assert 40 <= others.sum() <= 100
    assert len(tables.unique(dim=0)) > (1 if arity == 1 else 5)
    # Those are half as sure: logit(.9) / 2 is the logit of .75.
    if relaxation == "walsh":
        z = rule.from_tables(tables, torch.full((1000,), 0.75), 2.0)
        torch.testing.assert_close(weight[others], z[others], atol=0.1, rtol=0)
    assert initial_weight(rule, 1000, arity, 2.0, initial="residual-catalog").shape == weight.shape


def test_the_catalogue_holds_the_gates_it_says():
    tables = catalog_tables(4000, 2, torch.Generator().manual_seed(0))
    counts = torch.bincount((tables * (1 << torch.arange(4))).sum(1), minlength=16)
    assert counts[[0, 15]].tolist() == [0, 0]  # no constants
    assert (counts[1:15] > 100).all()
    three = catalog_tables(4000, 3, torch.Generator().manual_seed(0))
    codes = (three * (1 << torch.arange(8))).sum(1).tolist()
    assert 0b11101000 in codes  # the majority
    assert 0b11011000 in codes  # the first input chooses between the others


@pytest.mark.parametrize("relaxation", RELAXATIONS)
@pytest.mark.parametrize("tau", [1.0, 3.0])
def test_random_parameters_scale_with_tau(relaxation, tau):
    rule = RELAXATIONS[relaxation]
    weight = initial_weight(rule, 2000, 2, tau, initial="random", generator=torch.Generator().manual_seed(0))
    scale = tau / 2 if relaxation == "walsh" else tau  # z, the sum of four coefficients, has the deviation tau
    assert weight.std().item() == pytest.approx(scale, rel=0.05)
    assert weight.mean().abs() < 0.05 * tau


def test_nodes_start_different():
    weight = initial_weight(RELAXATIONS["walsh"], 50, 2, 1.0)
    assert len(weight.unique(dim=0)) == 50
