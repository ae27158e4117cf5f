import pytest
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train.penalty import SpectralPenalty


def _penalty(model, **settings):
    return SpectralPenalty(model, TrainingConfig(**settings))


def _network(*layers):
    return torch.nn.Sequential(*layers, GroupSum(2))


def _randomised(layer, seed=0):
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=torch.Generator().manual_seed(seed)))
    return layer


def test_nothing_is_asked_for_by_default():
    assert not _penalty(_network(LogicLayer(3, 4, seed=0))).active
    assert _penalty(_network(LogicLayer(3, 4, seed=0)), spectral_l1=0.1).active


def test_absolute_values_and_squares_without_the_constant():
    layer = LogicLayer(3, 2, seed=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[9.0, 1, -2, 0], [-9.0, 3, 0, 4]]))
    model = _network(layer)
    assert _penalty(model, spectral_l1=2.0)().item() == pytest.approx(2 * (3 + 7) / 2)
    assert _penalty(model, spectral_l2=1.0)().item() == pytest.approx((1 + 4 + 9 + 16) / 2)
    assert _penalty(model, spectral_l1=2.0, spectral_l2=1.0)().item() == pytest.approx(10 + 15)


@pytest.mark.parametrize("relaxation", ["walsh", "multilinear", "difflogic"])
def test_squares_are_the_variance_of_z_over_the_addresses(relaxation):
    layer = _randomised(LogicLayer(5, 7, relaxation=relaxation, seed=0))
    from warp2hdl.nn.relaxations import RELAXATIONS

    z = walsh_hadamard(RELAXATIONS[relaxation].coefficients(layer.weight, layer.tau).detach())
    expected = z.var(1, correction=0).mean()
    assert _penalty(_network(layer), spectral_l2=1.0)().item() == pytest.approx(expected.item(), rel=1e-5)


def test_strength_depends_on_neither_width_nor_temperature():
    narrow, wide = _randomised(LogicLayer(5, 6, seed=0)), LogicLayer(5, 18, seed=0)
    warm = LogicLayer(5, 6, tau=4.0, seed=0)
    with torch.no_grad():
        wide.weight.copy_(narrow.weight.repeat(3, 1))
        warm.weight.copy_(4 * narrow.weight)
    found = [_penalty(_network(layer), spectral_l1=1.0, spectral_l2=1.0)().item() for layer in (narrow, wide, warm)]
    assert found == pytest.approx([found[0]] * 3)


def test_it_shrinks_coefficients_and_leaves_the_constant_alone():
    layer = _randomised(LogicLayer(4, 6, arity=3, seed=0))
    before = layer.weight.detach().clone()
    penalty = _penalty(_network(layer), spectral_l1=0.1, spectral_l2=0.1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        penalty().backward()
        optimizer.step()
    assert torch.equal(layer.weight[:, 0], before[:, 0])
    assert (layer.weight[:, 1:].abs().sum() < 0.8 * before[:, 1:].abs().sum()).item()
