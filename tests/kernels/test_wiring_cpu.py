import numpy as np
import pytest

from warp2hdl.kernels import threads, wiring_cpu
from warp2hdl.kernels.chain import Plan
from warp2hdl.kernels.vector import matrix


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("count", [1, 5, 16, 33])
@pytest.mark.parametrize("batch", [13, 64])
def test_products_summed_over_the_batch(dtype, count, batch):
    rng = np.random.default_rng(0)
    signals = rng.integers(0, 2, (9, batch)).astype(dtype)
    candidates = rng.integers(0, 9, (4, 3, count)).astype(np.int32)
    grad = rng.standard_normal((4, 3, batch)).astype(np.float32)
    expected = np.einsum("nkcb,nkb->nkc", signals[candidates].astype(float), grad)
    for number in (1, 2):
        threads.set(number)
        found = np.full(candidates.shape, np.nan, np.float32)
        addresses = candidates.ctypes.data, candidates.shape, matrix(grad.reshape(-1, batch)), found.ctypes.data
        plan = Plan(0)
        plan.stages.append(wiring_cpu.stage(matrix(signals), *addresses, batch, bits=dtype == np.uint8))
        plan.run([])
        np.testing.assert_allclose(found, expected, atol=2e-5)
    threads.set(1)
