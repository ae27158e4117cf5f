import pytest
import torch

from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train.limit import LogitLimit


@pytest.mark.parametrize("arity", [1, 2, 6])
def test_values_are_clipped_at_every_address_and_the_table_stays(arity):
    layer = LogicLayer(8, 30, arity=arity, initial="random", tau=0.5, limit=2.0, seed=0)
    with torch.no_grad():
        layer.weight *= 4
    values, tables = walsh_hadamard(layer.weight.detach()), layer.tables()
    assert (values.abs() > 1).any() and (values.abs() < 1).any()
    LogitLimit(torch.nn.Sequential(layer, GroupSum(2))).apply()
    torch.testing.assert_close(walsh_hadamard(layer.weight.detach()), values.clamp(-1, 1), rtol=1e-5, atol=1e-6)
    assert torch.equal(layer.tables(), tables)


def test_the_bound_follows_the_temperature():
    layer = LogicLayer(8, 30, arity=2, initial="random", tau=1.0, limit=2.0, seed=0)
    layer.tau = 0.25
    LogitLimit(torch.nn.Sequential(layer)).apply()
    assert walsh_hadamard(layer.weight.detach()).abs().max().item() == pytest.approx(0.5)


@pytest.mark.parametrize(("relaxation", "limit"), [("multilinear", 0.1), ("difflogic", 0.1), ("walsh", 0.0)])
def test_nothing_else_is_touched(relaxation, limit):
    layer = LogicLayer(8, 30, arity=2, relaxation=relaxation, initial="random", limit=limit, seed=0)
    before = layer.weight.detach().clone()
    LogitLimit(torch.nn.Sequential(layer)).apply()
    assert torch.equal(layer.weight, before)
