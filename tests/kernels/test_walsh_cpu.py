import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from warp2hdl.kernels import walsh_cpu, walsh_reference

SIZES = [(1, 1, 1), (5, 3, 7), (33, 70, 100)]  # inputs, nodes, batch


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("noisy", [False, True])
def test_matches_the_reference_in_float64(k, noisy):
    for inputs, nodes, batch in SIZES:
        torch.manual_seed(k)
        x, theta = torch.rand(inputs, batch), torch.randn(nodes, 1 << k)
        fanins = torch.randint(inputs, (nodes, k), dtype=torch.int32)
        noise = torch.randn(nodes, batch) if noisy else None
        grad_y = torch.randn(nodes, batch)
        x64, theta64 = x.double().requires_grad_(), theta.double().requires_grad_()
        expected = walsh_reference.walsh_layer(x64, fanins, theta64, 1.5, None if noise is None else noise.double())
        expected.backward(grad_y.double())

        y = walsh_cpu.forward(x.numpy(), fanins.numpy(), theta.numpy(), 1.5, None if noise is None else noise.numpy())
        grad_theta, grad_edges = walsh_cpu.backward(x.numpy(), fanins.numpy(), theta.numpy(), 1.5, y, grad_y.numpy())
        grad_x = walsh_cpu.sum_edges(grad_edges, fanins.numpy(), inputs)
        for name, actual, wanted in (
            ("y", y, expected.detach()),
            ("grad_theta", grad_theta, theta64.grad),
            ("grad_x", grad_x, x64.grad),
        ):
            np.testing.assert_allclose(actual, wanted.numpy(), rtol=2e-5, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_linear_matches_the_reference_in_float64(k):
    torch.manual_seed(k)
    x, theta = torch.rand(33, 50), torch.randn(20, 1 << k)
    fanins = torch.randint(33, (20, k), dtype=torch.int32)
    grad_y = torch.randn(20, 50)
    x64, theta64 = x.double().requires_grad_(), theta.double().requires_grad_()
    expected = walsh_reference.walsh_layer(x64, fanins, theta64, 1.0, linear=True)
    expected.backward(grad_y.double())
    arrays = x.numpy(), fanins.numpy(), theta.numpy(), 1.0
    y = walsh_cpu.forward(*arrays, linear=True)
    grad_theta, grad_edges = walsh_cpu.backward(*arrays, y, grad_y.numpy(), linear=True)
    np.testing.assert_allclose(y, expected.detach(), rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(grad_theta, theta64.grad, rtol=2e-5, atol=5e-5)
    grad_x = walsh_cpu.sum_edges(grad_edges, fanins.numpy(), 33)
    np.testing.assert_allclose(grad_x, x64.grad, rtol=2e-5, atol=5e-5)


def test_sigmoid_saturates_without_overflow():
    x = np.array([[0, 1]], np.float32)
    theta = np.array([[0, 1e6]], np.float32)
    y = walsh_cpu.forward(x, np.zeros((1, 1), np.int32), theta, 1.0)
    np.testing.assert_allclose(y, [[0, 1]], atol=1e-30)


def test_unread_inputs_have_no_gradient():
    grad = walsh_cpu.sum_edges(np.ones((2, 2, 3), np.float32), np.array([[0, 3], [3, 3]], np.int32), 5)
    np.testing.assert_array_equal(grad[:, 0], [1, 0, 0, 3, 0])


def test_kernels_compile_where_nothing_can_be_written(tmp_path):
    # Numba tries the source's folder, then $NUMBA_CACHE_DIR; a file in the way makes both fail.
    program = """
import numpy as np
from numba.core import caching
caching.CacheImpl._locator_classes = []
from warp2hdl.kernels import lookup_cpu, walsh_cpu
y = walsh_cpu.forward(np.ones((2, 3), np.float32), np.zeros((4, 1), np.int32), np.zeros((4, 2), np.float32), 1.0)
assert np.array_equal(y, np.full((4, 3), 0.5)), y
assert lookup_cpu.addresses(np.ones((2, 3), np.uint8), np.zeros((4, 1), np.int32)).tolist() == [[1] * 3] * 4
"""
    (tmp_path / "file").touch()
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "file")}
    subprocess.run([sys.executable, "-c", program], check=True, env=env, cwd=Path(__file__).parents[2])
