import numpy as np
import pytest
import torch

from warp2hdl.kernels import lookup_cpu, walsh_reference


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_is_the_walsh_layer_at_bits(k, batch):
    torch.manual_seed(k)
    inputs, nodes = 11, 23
    bits = torch.randint(2, (inputs, batch), dtype=torch.uint8)
    fanins = torch.randint(inputs, (nodes, k), dtype=torch.int32)
    theta = torch.randn(nodes, 1 << k, dtype=torch.float64, requires_grad=True)
    edges = bits.double()[fanins.long()].requires_grad_()
    z = walsh_reference.walsh_polynomial(theta, 1 - 2 * edges)
    grad_z = torch.randn(nodes, batch)
    z.backward(grad_z.double())

    values = walsh_reference.walsh_hadamard(theta.detach()).float().numpy()
    at = lookup_cpu.addresses(bits.numpy(), fanins.numpy())
    np.testing.assert_allclose(lookup_cpu.look_up(values, at), z.detach(), rtol=1e-5, atol=1e-5)
    table = torch.from_numpy(lookup_cpu.table_gradients(at, grad_z.numpy(), 1 << k))
    np.testing.assert_allclose(walsh_reference.walsh_hadamard(table), theta.grad, rtol=1e-4, atol=1e-4)
    # dz/dx is -2 dz/ds; the kernel gives the gradient with respect to x.
    np.testing.assert_allclose(
        lookup_cpu.edge_gradients(at, values, grad_z.numpy(), k), edges.grad, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_candidate_gradients_are_products_summed_over_the_batch(dtype):
    rng = np.random.default_rng(0)
    signals = rng.integers(0, 2, (9, 13)).astype(dtype)
    candidates = rng.integers(0, 9, (4, 3, 5)).astype(np.int32)
    grad = rng.standard_normal((4, 3, 13)).astype(np.float32)
    expected = np.einsum("nkcb,nkb->nkc", signals[candidates].astype(float), grad)
    np.testing.assert_allclose(lookup_cpu.candidate_gradients(signals, candidates, grad), expected, atol=1e-5)
