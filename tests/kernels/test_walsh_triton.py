import pytest
import torch

from tests.kernels.device import DEVICE, poisoned_memory, with_padding
from warp2hdl.kernels import noise, tiles_triton, walsh_reference, walsh_triton

SIZES = [(7, 13, 5), (7, 13, 33)]  # inputs, nodes, batch
MODES = {
    "walsh": {},
    "linear": {"linear": True},
    "noisy": {"noise": (3, 0xFFFFFFF0)},
    "hard": {"hard": True},
    "limited": {"limit": 0.7},
    "noisy hard": {"noise": (0x80000000, 16), "hard": True},
}
TAU = 1.5


def problem(k, sizes, run=1, seed=0):
    """x, fan-ins, coefficients and the outputs' gradient."""
    generator = torch.Generator().manual_seed(seed + k)
    inputs, nodes, batch = sizes
    return (
        torch.rand(inputs, batch, generator=generator),
        torch.randint(inputs, (nodes, k), generator=generator, dtype=torch.int32),
        torch.randn(nodes // run, 1 << k, generator=generator),
        torch.randn(nodes, batch, generator=generator),
    )


def reference(x, fanins, theta, grad_y, mode):
    """Outputs and gradients of the plain layer in float64."""
    x, theta = x.double().requires_grad_(), theta.double().requires_grad_()
    options = {name: value for name, value in mode.items() if name != "hard"}
    y = walsh_reference.walsh_layer(x, fanins, theta, TAU, **options)
    y.backward(grad_y.double())
    edges = torch.empty(*fanins.shape, x.shape[1], dtype=torch.float64)
    for n in range(len(fanins)):
        run = len(fanins) // len(theta)
        rows = x.detach()[fanins[n].long()].requires_grad_()
        alone = torch.arange(fanins.shape[1])[None]
        relaxed = node_output(rows, alone, theta.detach()[n // run : n // run + 1], options, n)
        relaxed.backward(grad_y[n : n + 1].double())
        edges[n] = rows.grad
    y = y.detach()
    return {"y": y.round() if mode.get("hard") else y, "theta": theta.grad, "x": x.grad, "edges": edges}


def node_output(rows, alone, theta, options, n):
    z = walsh_reference.walsh_polynomial(theta, 1 - 2 * rows[alone])
    if options.get("linear"):
        return (1 - z) / 2
    if "noise" in options:
        z = z - noise.logistic(options["noise"], n + 1, rows.shape[1])[n:]
    return walsh_reference.activation(z, TAU, limit=options.get("limit", 0.0))


def fused(x, fanins, theta, grad_y, mode, deterministic=False):
    """The same of the kernels, whose inputs have padded rows."""
    with poisoned_memory():
        arguments = with_padding(x), fanins.to(DEVICE), theta.to(DEVICE), TAU
        y = walsh_triton.forward(*arguments, **mode)
        options = {name: value for name, value in mode.items() if name != "hard"}
        grads = walsh_triton.backward(
            *arguments, with_padding(grad_y), **options, to_edges=not deterministic, deterministic=deterministic
        )
    found = {"y": y} | grads._asdict()
    return {name: value.double().cpu() for name, value in found.items() if value is not None}


def compare(actual, expected, **tolerance):
    for name, value in actual.items():
        torch.testing.assert_close(value, expected[name].double(), msg=lambda m, n=name: f"{n}: {m}", **tolerance)


@pytest.mark.parametrize(
    ("k", "mode"), [(k, mode) for k in range(1, 7) for mode in (MODES if k <= 4 else ("linear", "noisy hard"))]
)
def test_outputs_and_gradients_equal_the_reference_in_float64(k, mode):
    for sizes in SIZES if k <= 4 else SIZES[1:]:
        values = problem(k, sizes)
        actual = fused(*values, MODES[mode])
        assert set(actual) == {"y", "theta", "x", "edges"}
        compare(actual, reference(*values, MODES[mode]), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("k", range(1, 7))
def test_deterministic_gradients_equal_the_reference_in_float64(k):
    values = problem(k, SIZES[1])
    actual = fused(*values, MODES["noisy"], deterministic=True)
    assert set(actual) == {"y", "theta", "x"}
    compare(actual, reference(*values, MODES["noisy"]), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 40, 1), (70, 2, 16)])
def test_small_and_lopsided_layers(sizes):
    values = problem(2, sizes)
    expected = reference(*values, {})
    compare(fused(*values, {}), expected, rtol=2e-5, atol=2e-5)
    compare(fused(*values, {}, deterministic=True), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("k", "tables"), [(2, 3), (4, 1)])
@pytest.mark.parametrize("mode", ["walsh", "noisy"])
def test_consecutive_nodes_share_a_table(k, tables, mode):
    values = problem(k, (9, 5 * tables, 19), run=5)
    compare(fused(*values, MODES[mode]), reference(*values, MODES[mode]), rtol=2e-5, atol=2e-5)


def test_a_batch_in_several_parts_and_strips(monkeypatch):
    monkeypatch.setattr(tiles_triton, "CACHE_BYTES", 0)
    values = problem(2, (7, 13, 200))
    expected = reference(*values, MODES["noisy"])
    compare(fused(*values, MODES["noisy"]), expected, rtol=2e-5, atol=5e-5)
    compare(fused(*values, MODES["noisy"], deterministic=True), expected, rtol=2e-5, atol=5e-5)


@pytest.mark.parametrize("deterministic", [False, True])
def test_bfloat16_activations(deterministic):
    x, fanins, theta, grad_y = problem(4, (7, 13, 33))
    x, grad_y = x.bfloat16(), grad_y.bfloat16()
    expected = reference(x, fanins, theta, grad_y, {})
    actual = fused(x, fanins, theta, grad_y, {}, deterministic)
    for name in ("y",) if deterministic else ("y", "edges"):
        compare({name: actual[name]}, expected, rtol=2**-7, atol=2**-7)
    compare({"x": actual["x"]}, expected, rtol=2**-7, atol=2**-5 if deterministic else 2**-7)  # sums of rounded edges
    compare({"theta": actual["theta"]}, expected, rtol=2e-5, atol=2e-5)  # sums of what is not rounded


def test_types_of_outputs():
    x, fanins, theta, _ = (value.to(DEVICE) for value in problem(2, (7, 13, 5)))
    assert walsh_triton.forward(x.bfloat16(), fanins, theta, TAU).dtype == torch.bfloat16
    assert walsh_triton.forward(x.round().bool(), fanins, theta, TAU).dtype == torch.float32
    assert walsh_triton.forward(x, fanins, theta, TAU, out_dtype=torch.bfloat16).dtype == torch.bfloat16


def test_bits_as_inputs():
    x, fanins, theta, grad_y = problem(3, (7, 13, 33))
    expected = reference(x.round(), fanins, theta, grad_y, {})
    bits = x.round().to(torch.uint8).to(DEVICE)
    arguments = bits, fanins.to(DEVICE), theta.to(DEVICE), TAU
    with poisoned_memory():
        y = walsh_triton.forward(*arguments)
        grads = walsh_triton.backward(*arguments, grad_y.to(DEVICE), to_inputs=False, to_edges=True)
    assert grads.x is None
    found = {"y": y, "theta": grads.theta, "edges": grads.edges}
    compare({name: value.double().cpu() for name, value in found.items()}, expected, rtol=2e-5, atol=2e-5)


def test_key_and_tau_may_lie_on_the_device():
    x, fanins, theta, grad_y = (value.to(DEVICE) for value in problem(2, (7, 13, 5)))
    key = torch.tensor([5, -16], dtype=torch.int32, device=DEVICE)
    tau = torch.tensor([TAU], device=DEVICE)
    y = walsh_triton.forward(x, fanins, theta, tau, key)
    assert torch.equal(y, walsh_triton.forward(x, fanins, theta, TAU, (5, 0xFFFFFFF0)))
    grads = walsh_triton.backward(x, fanins, theta, tau, grad_y, key)
    expected = walsh_triton.backward(x, fanins, theta, TAU, grad_y, (5, 0xFFFFFFF0))
    assert torch.equal(grads.theta, expected.theta)


def test_transposed_and_column_views():
    x, fanins, theta, grad_y = problem(2, (7, 13, 5))
    expected = walsh_triton.forward(x.to(DEVICE), fanins.to(DEVICE), theta.to(DEVICE), TAU)
    for view in (x.T.contiguous().T, torch.cat((x, x), 1)[:, 5:]):
        assert torch.equal(walsh_triton.forward(view.to(DEVICE), fanins.to(DEVICE), theta.to(DEVICE), TAU), expected)
    arguments = x.to(DEVICE), fanins.to(DEVICE), theta.to(DEVICE), TAU
    plain = walsh_triton.backward(*arguments, grad_y[:, :1].expand(13, 5).contiguous().to(DEVICE))
    assert torch.equal(walsh_triton.backward(*arguments, grad_y[:, :1].to(DEVICE).expand(13, 5)).theta, plain.theta)


@pytest.mark.parametrize("sizes", [(7, 0, 5), (7, 13, 0)])
def test_empty_layers(sizes):
    inputs, nodes, batch = sizes
    x, fanins, theta, grad_y = (value.to(DEVICE) for value in problem(2, sizes))
    assert walsh_triton.forward(x, fanins, theta, TAU).shape == (nodes, batch)
    grads = walsh_triton.backward(x, fanins, theta, TAU, grad_y)
    assert grads.theta.shape == theta.shape and not grads.theta.any()
    assert grads.x.shape == (inputs, batch) and not grads.x.any()


def test_deterministic_gradients_have_the_same_bytes_each_time():
    x, fanins, theta, grad_y = (value.to(DEVICE) for value in problem(3, (7, 40, 33)))
    first, again = (walsh_triton.backward(x, fanins, theta, TAU, grad_y, deterministic=True) for _ in range(2))
    assert torch.equal(first.theta, again.theta) and torch.equal(first.x, again.x)
