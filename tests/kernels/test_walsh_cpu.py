import platform

import llvmlite.binding as llvm
import numpy as np
import pytest
import torch

from warp2hdl.kernels import threads, vector, walsh_code, walsh_cpu, walsh_reference
from warp2hdl.kernels.chain import Plan
from warp2hdl.kernels.vector import empty_rows, matrix

# inputs, nodes, batch
SIZES = [(1, 1, 1), (5, 3, 7), (5, 3, 15), (7, 9, 16), (7, 9, 17), (9, 4, 40), (33, 70, 100), (9, 4, 101), (9, 4, 300)]
KINDS = {
    "walsh": {},
    "noisy": {"noise": (3, 4)},
    "linear": {"linear": True},
    "limited": {"noise": (3, 4), "limit": 0.7},
}


@pytest.fixture(autouse=True)
def poisoned(monkeypatch):
    """What a kernel forgets to write is NaN."""
    monkeypatch.setattr(np, "empty", lambda shape, dtype: np.full(shape, np.nan, dtype))


@pytest.fixture(params=[1, 3])
def thread_count(request):
    threads.set(request.param)
    yield request.param
    threads.set(1)


def _case(k, inputs, nodes, batch, *, run=1, bits=False):
    torch.manual_seed(k)
    x = torch.randint(2, (inputs, batch)).to(torch.uint8) if bits else torch.rand(inputs, batch)
    theta = torch.randn(nodes, 1 << k)
    return x, torch.randint(inputs, (nodes * run, k), dtype=torch.int32), theta, torch.randn(nodes * run, batch)


def _expected(x, fanins, theta, grad_y, noise=None, linear=False, limit=0.0):
    x, theta = x.double().requires_grad_(), theta.double().requires_grad_()
    edges = x.detach()[fanins.long()].requires_grad_()
    z = walsh_reference.walsh_polynomial(theta.repeat_interleave(len(fanins) // len(theta), 0), 1 - 2 * edges)
    walsh_reference.activation(z, 1.5, noise, linear=linear, limit=limit).backward(grad_y.double())
    y = walsh_reference.walsh_layer(x, fanins, theta, 1.5, noise, linear=linear, limit=limit)
    theta.grad = None
    y.backward(grad_y.double())
    return {"y": y.detach(), "grad_theta": theta.grad, "grad_x": x.grad, "grad_edges": edges.grad}


def _nodes(fanins, theta, key, linear, limit):
    addresses = fanins.ctypes.data, theta.ctypes.data
    return walsh_cpu.Nodes(fanins.shape, len(theta), linear, *addresses, key, walsh_cpu.constants(1.5, linear, limit))


def _forward(x, fanins, theta, key=None, *, linear=False, limit=0.0, rounded=None):
    y = empty_rows(len(fanins), x.shape[1])
    matrices = matrix(x), matrix(y), None if rounded is None else matrix(rounded)
    settings = {"bits": x.dtype == np.uint8, "columns": (0, x.shape[1])}
    plan = Plan(0)
    plan.stages.append(walsh_cpu.forward_stage(_nodes(fanins, theta, key, linear, limit), *matrices, **settings))
    plan.run([])
    return y


def _backward(x, fanins, theta, y, grad_y, *, linear=False, limit=0.0, to_inputs=True, to_edges=True):
    grad_theta = np.zeros(theta.shape, np.float32)
    grad_x = empty_rows(*x.shape) if to_inputs else None
    grad_edges = empty_rows(fanins.size, x.shape[1]) if to_edges else None
    plan = Plan(0)
    walsh_cpu.add_backward(
        plan,
        _nodes(fanins, theta, None, linear, limit),
        x.shape,
        *map(matrix, (x, y, grad_y)),
        grad_theta.ctypes.data,
        *(None if each is None else matrix(each) for each in (grad_x, grad_edges)),
        bits=x.dtype == np.uint8,
    )
    plan.run([])
    return grad_theta, grad_x, None if grad_edges is None else grad_edges.reshape(*fanins.shape, -1)


def _actual(x, fanins, theta, grad_y, noise=None, linear=False, limit=0.0):
    arrays = x.numpy(), fanins.numpy(), theta.numpy()
    options = {"linear": linear, "limit": limit}
    y = _forward(*arrays, noise, **options)
    grads = _backward(*arrays, y, grad_y.numpy(), **options)
    return dict(zip(("y", "grad_theta", "grad_x", "grad_edges"), (y, *grads), strict=True))


def _assert_equal(actual, expected):
    for name, wanted in expected.items():
        np.testing.assert_allclose(actual[name], wanted.numpy(), rtol=2e-5, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("kind", KINDS)
def test_matches_the_reference_in_float64(k, kind, thread_count):
    for size in SIZES:
        case = _case(k, *size)
        _assert_equal(_actual(*case, **KINDS[kind]), _expected(*case, **KINDS[kind]))


@pytest.mark.parametrize("k", range(1, 7))
def test_bits_are_numbers(k):
    case = _case(k, 7, 9, 21, bits=True)
    _assert_equal(_actual(*case), _expected(*case))


@pytest.mark.parametrize("k", [1, 4, 6])
def test_tables_are_shared_by_runs_of_nodes(k):
    case = _case(k, 7, 3, 21, run=5)
    _assert_equal(_actual(*case), _expected(*case))


def test_a_node_may_read_an_input_twice():
    x, _, theta, grad_y = _case(3, 4, 6, 20)
    fanins = torch.tensor([[1, 1, 1], [0, 3, 0], [2, 2, 1], [3, 3, 3], [0, 0, 1], [1, 2, 1]], dtype=torch.int32)
    _assert_equal(_actual(x, fanins, theta, grad_y), _expected(x, fanins, theta, grad_y))


def test_rows_may_lie_apart():
    x, fanins, theta, grad_y = _case(2, 5, 6, 11)
    wide_x, wide_grad = torch.full((5, 16), torch.nan), torch.full((6, 13), torch.nan)
    wide_x[:, :11], wide_grad[:, :11] = x, grad_y
    _assert_equal(_actual(wide_x[:, :11], fanins, theta, wide_grad[:, :11]), _expected(x, fanins, theta, grad_y))


def test_one_gradient_without_the_other():
    x, fanins, theta, grad_y = _case(3, 5, 6, 11)
    expected = _expected(x, fanins, theta, grad_y)
    arrays = x.numpy(), fanins.numpy(), theta.numpy()
    y = _forward(*arrays)
    for to_inputs, to_edges in ((True, False), (False, True), (False, False)):
        grads = _backward(*arrays, y, grad_y.numpy(), to_inputs=to_inputs, to_edges=to_edges)
        for name, grad, wanted in zip(
            ("grad_theta", "grad_x", "grad_edges"), grads, (True, to_inputs, to_edges), strict=True
        ):
            assert (grad is not None) == wanted
            if grad is not None:
                np.testing.assert_allclose(grad, expected[name].numpy(), rtol=2e-5, atol=2e-5, err_msg=name)


def test_rounded_outputs():
    x, fanins, theta, _ = _case(2, 5, 40, 11)
    rounded = np.full((40, 11), np.nan, np.float32)
    y = _forward(x.numpy(), fanins.numpy(), theta.numpy(), (1, 2), rounded=rounded)
    assert 0 < rounded.mean() < 1
    np.testing.assert_array_equal(rounded, y > 0.5)


def test_sigmoid_saturates_without_overflow():
    x = np.array([[0, 1]], np.float32)
    theta = np.array([[0, 1e6]], np.float32)
    y = _forward(x, np.zeros((1, 1), np.int32), theta)
    np.testing.assert_allclose(y, [[0, 1]], atol=1e-29)


OTHER_CPUS = ("haswell", "x86-64") if platform.machine() == "x86_64" else ()  # with AVX2, and with SSE2 alone


@pytest.mark.parametrize("cpu", OTHER_CPUS)
def test_without_the_newest_vectors(cpu, monkeypatch):
    vector.lanes()  # sets LLVM up
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=cpu, features="", opt=3, jit=True, codemodel="jitdefault")
    caches = vector.lanes, walsh_code.forward, walsh_code.backward, walsh_code.clear
    with monkeypatch.context() as patched:
        patched.setattr(vector, "_target", lambda: (machine, False))
        for each in caches:
            each.cache_clear()
        assert vector.lanes() == 8
        for k in (2, 6):
            case = _case(k, 7, 9, 21)
            _assert_equal(_actual(*case, noise=(3, 4)), _expected(*case, noise=(3, 4)))
    for each in caches:
        each.cache_clear()
