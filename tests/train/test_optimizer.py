import copy
import math

import pytest
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.kernels import adam_cpu, threads
from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn import GroupSum, LogicLayer, LogicSequential
from warp2hdl.train.optimizer import AddressAdam, optimizer_for

STEPS = 5


def _by_address(**settings):
    return TrainingConfig(adam_basis="addresses", learning_rate=0.1, **settings)


def _gradients(shape):
    torch.manual_seed(1)
    return [torch.randn(shape) * 10.0 ** torch.randint(-3, 1, shape) for _ in range(STEPS)]


@pytest.fixture(params=["kernel", "kernel, two threads", "plain"])
def layer_of(request, monkeypatch):
    """Makes a layer whose steps take one of the ways; how often the kernel ran is counted in `calls`."""
    calls = []
    kernel = adam_cpu.step
    monkeypatch.setattr(adam_cpu, "step", lambda *args, **more: (calls.append(1), kernel(*args, **more)))
    threads.set(2 if "two" in request.param else 1)

    def make(nodes, arity):
        layer = LogicLayer(8, nodes, arity, initial="random", seed=0)
        return layer.double() if request.param == "plain" else layer

    yield make
    threads.set(1)
    assert len(calls) == (0 if request.param == "plain" else STEPS)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("nodes", [1, 37])
@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5, 6])
def test_steps_the_values_of_z_as_adam_would(layer_of, nodes, arity, decay):
    layer = layer_of(nodes, arity)
    values = torch.nn.Parameter(walsh_hadamard(layer.weight.detach().double()))
    plain = torch.optim.Adam([values], lr=0.1, weight_decay=decay)
    optimizer = optimizer_for(torch.nn.Sequential(layer), _by_address(weight_decay=decay))
    for grad in _gradients(layer.weight.shape):
        layer.weight.grad = grad.to(layer.weight.dtype)
        values.grad = walsh_hadamard(grad.double()) / (1 << arity)  # of theta = H z / 2**k
        optimizer.step()
        plain.step()
    expected = walsh_hadamard(values.detach()) / (1 << arity)
    torch.testing.assert_close(layer.weight.detach().double(), expected, rtol=1e-4, atol=1e-5)


def test_gradients_that_do_not_lie_dense():
    after = []
    for dense in (True, False):
        layer = LogicLayer(8, 30, 3, initial="random", seed=0)
        optimizer = optimizer_for(torch.nn.Sequential(layer), _by_address())
        grad = torch.randn(8, 30, generator=torch.Generator().manual_seed(1)).t()
        layer.weight.grad = grad.contiguous() if dense else grad
        optimizer.step()
        after.append(layer.weight.detach())
    torch.testing.assert_close(*after, rtol=1e-5, atol=1e-6)


def test_a_sample_of_bits_changes_one_address_alone():
    model = torch.nn.Sequential(LogicLayer(3, 1, 3, initial="random", seed=0))
    layer = model[0]
    before = walsh_hadamard(layer.weight.detach().double())
    optimizer = optimizer_for(model, _by_address())
    bits = torch.tensor([[1, 0, 1]], dtype=torch.uint8)
    (1e-3 * model(bits).sum()).backward()  # smaller than rounding errors of 1 that Adam's 1e-8 lets pass
    optimizer.step()
    address = int(sum(bits[0, layer.fanins[0, j]].item() << j for j in range(3)))
    change = walsh_hadamard(layer.weight.detach().double()) - before
    expected = torch.zeros(1, 8, dtype=torch.float64)
    expected[0, address] = 0.1  # z grows by the learning rate: the loss grows with the output
    torch.testing.assert_close(change, expected, rtol=1e-3, atol=1e-4)


def test_other_parameters_are_stepped_as_ever():
    torch.manual_seed(0)
    first = LogicLayer(9, 20, 2, relaxation="multilinear", wiring="learned", candidates=4)
    modules = [first, LogicLayer(20, 12, 2), GroupSum(3)]
    x = torch.rand(40, 9)
    after = []
    for basis in ("coefficients", "addresses"):
        model = LogicSequential(*copy.deepcopy(modules)).train()
        optimizer = optimizer_for(model, TrainingConfig(adam_basis=basis))
        assert isinstance(optimizer, AddressAdam) == (basis == "addresses")
        torch.nn.functional.cross_entropy(model(x), torch.arange(40) % 3).backward()
        optimizer.step()
        after.append(model.state_dict())
    for name, value in after[0].items():
        assert torch.equal(value, after[1][name]) == (name != "1.weight"), name


def test_without_walsh_nodes_there_is_nothing_to_turn():
    model = torch.nn.Sequential(LogicLayer(8, 30, 2, relaxation="multilinear"), GroupSum(2))
    assert type(optimizer_for(model, _by_address())) is torch.optim.Adam


def test_a_closure_sees_the_coefficients():
    layer = LogicLayer(4, 6, 2, seed=0)
    optimizer, before, seen = optimizer_for(torch.nn.Sequential(layer), _by_address()), layer.weight.clone(), []

    def closure():
        seen.append(layer.weight.detach().clone())
        optimizer.zero_grad()
        loss = layer(torch.ones(3, 4)).sum()
        loss.backward()
        return loss.item()

    assert math.isfinite(optimizer.step(closure))
    assert torch.equal(seen[0], before)
    assert not torch.equal(layer.weight, before)
