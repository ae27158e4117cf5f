import numpy as np
import pytest
import torch

from warp2hdl.kernels import stack_cpu, threads, walsh_reference
from warp2hdl.kernels.stack_cpu import Layer
from warp2hdl.kernels.vector import lanes

INPUTS, WIDTHS = 9, (11, 7, 12)


@pytest.fixture(autouse=True)
def poisoned(monkeypatch):
    """What a kernel forgets to write is NaN."""
    monkeypatch.setattr(np, "empty", lambda shape, dtype: np.full(shape, np.nan, dtype))


@pytest.fixture(params=[1, 2, 3])
def thread_count(request):
    threads.set(request.param)
    yield request.param
    threads.set(1)


def _layers(k, **settings):
    torch.manual_seed(k)
    inputs = (INPUTS, *WIDTHS)
    scale = 1 if settings.get("linear") else 4  # a linear node's outputs stay in [0, 1]
    return [
        Layer(
            torch.randint(before, (nodes, k), dtype=torch.int32).numpy(),
            torch.nn.functional.normalize(torch.randn(nodes, 1 << k), p=1).numpy() * scale,
            1.3,
            **({"key": (i, 5)} if settings.get("noisy") else {}),
            linear=settings.get("linear", False),
            hard=settings.get("hard", False),
            limit=settings.get("limit", 0.0),
        )
        for i, (before, nodes) in enumerate(zip(inputs, WIDTHS, strict=False))
    ]


def _expected(x, layers, groups, grad_y):
    values = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    leaf, thetas = values, []
    for layer in layers:
        thetas.append(torch.tensor(layer.theta, dtype=torch.float64, requires_grad=True))
        fanins = torch.from_numpy(layer.fanins)
        options = {"linear": layer.linear, "limit": layer.limit}
        y = walsh_reference.walsh_layer(values, fanins, thetas[-1], layer.tau, layer.key, **options)
        values = y + (y.round() - y).detach() if layer.hard else y
    values = values.reshape(groups, -1, values.shape[1]).sum(1) if groups else values
    values.backward(torch.from_numpy(grad_y).double())
    return values.detach(), [theta.grad for theta in thetas], leaf.grad


@pytest.mark.parametrize("groups", [0, 3])
@pytest.mark.parametrize("batch", [1, 15, 16, 17, 40, 4 * lanes(), 100, 101, 6 * lanes() + 5])
@pytest.mark.parametrize("kind", [{}, {"noisy": True}, {"linear": True}, {"hard": True}, {"limit": 1.1}])
def test_is_one_layer_after_the_other(kind, batch, groups, thread_count):
    for k in (2, 6):
        layers = _layers(k, **kind)
        x = torch.rand(INPUTS, batch).numpy()
        grad_y = torch.randn(groups or WIDTHS[-1], batch).numpy()
        y, parts = stack_cpu.forward(x, layers, groups)
        assert len(parts) == min(thread_count, max(1, batch // (2 * lanes())))
        found = stack_cpu.backward(x, layers, parts, grad_y)
        expected, thetas, grad_x = _expected(x, layers, groups, grad_y)
        np.testing.assert_allclose(y, expected, rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(found.x, grad_x, rtol=2e-4, atol=2e-4)
        for i, (grad, wanted) in enumerate(zip(found.theta, thetas, strict=True)):
            np.testing.assert_allclose(grad, wanted, rtol=2e-4, atol=2e-4, err_msg=f"coefficients of layer {i}")


@pytest.mark.parametrize("k", [3, 6])
def test_outputs_are_the_same_bits_with_any_number_of_threads(k):
    layers = _layers(k, noisy=True)
    x = torch.randint(2, (INPUTS, 100)).to(torch.uint8).numpy()
    outputs = []
    for count in (1, 2, 3):
        threads.set(count)
        outputs.append(stack_cpu.forward(x, layers)[0])
    threads.set(1)
    np.testing.assert_array_equal(outputs[0], outputs[1])
    np.testing.assert_array_equal(outputs[0], outputs[2])


def test_candidates_get_the_gradients_of_the_connections(thread_count):
    first, *others = _layers(2)
    candidates = torch.randint(INPUTS, (*first.fanins.shape, 5), dtype=torch.int32).numpy()
    layers = [Layer(first.fanins, first.theta, 1.3, candidates=candidates), *others]
    x = torch.rand(INPUTS, 100).numpy()
    grad_y = torch.randn(WIDTHS[-1], 100).numpy()
    found = stack_cpu.backward(x, layers, stack_cpu.forward(x, layers)[1], grad_y, to_inputs=False)
    assert found.x is None
    assert found.wiring[1:] == [None, None]
    # A candidate's gradient is what its input's would be, were it a node's only reader, times the signal.
    rows = np.arange(first.fanins.size, dtype=np.int32).reshape(first.fanins.shape)
    signals = x[first.fanins.reshape(-1)]
    apart = [Layer(rows, first.theta, 1.3), *others]
    _, _, grad_edges = _expected(signals, apart, 0, grad_y)
    wanted = np.einsum("ecs,es->ec", x[candidates.reshape(len(signals), -1)], grad_edges.numpy())
    np.testing.assert_allclose(found.wiring[0].reshape(wanted.shape), wanted, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("bits", [False, True])
def test_tables_of_several_nodes_and_inputs_that_nobody_reads(bits, thread_count):
    layers = _layers(3)
    layers[0] = Layer(layers[0].fanins % 4, layers[0].theta[:1], 1.3)
    layers[1] = Layer(layers[1].fanins % 4, layers[1].theta, 1.3)
    x = torch.rand(INPUTS, 100).numpy()
    x = (x > 0.5).astype(np.uint8) if bits else x
    grad_y = torch.randn(WIDTHS[-1], 100).numpy()
    found = stack_cpu.backward(x, layers, stack_cpu.forward(x, layers)[1], grad_y)
    repeated = [Layer(layers[0].fanins, layers[0].theta.repeat(WIDTHS[0], 0), 1.3), *layers[1:]]
    _, thetas, grad_x = _expected(x, repeated, 0, grad_y)
    np.testing.assert_allclose(found.theta[0][0], thetas[0].sum(0), rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(found.theta[1], thetas[1], rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(found.x, grad_x, rtol=2e-4, atol=2e-4)
    assert not found.x[4:].any()


def test_gradients_are_the_same_bits_each_time(thread_count):
    layers = _layers(4)
    x, grad_y = torch.rand(INPUTS, 100).numpy(), torch.randn(WIDTHS[-1], 100).numpy()
    first, second = (stack_cpu.backward(x, layers, stack_cpu.forward(x, layers)[1], grad_y) for _ in range(2))
    for one, other in zip([first.x, *first.theta], [second.x, *second.theta], strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_may_change_from_step_to_step():
    (layer, *_), x = _layers(2), torch.rand(INPUTS, 40).numpy()
    for tau, key in ((0.7, None), (1.9, None), (1.1, (1, 2)), (1.1, (3, 4))):
        changed = Layer(layer.fanins, layer.theta, tau, key)
        y, _ = stack_cpu.forward(x, [changed])
        expected, _, _ = _expected(x, [changed], 0, np.zeros(y.shape, np.float32))
        np.testing.assert_allclose(y, expected, rtol=2e-5, atol=2e-5)
