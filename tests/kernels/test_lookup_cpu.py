import numpy as np
import pytest

from warp2hdl.kernels import lookup_cpu


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("batch", [0, 1, 7, 64, 100])
def test_entry_at_the_address(k, batch):
    rng = np.random.default_rng(k)
    bits = rng.integers(0, 2, (11, batch)).astype(np.uint8)
    fanins = rng.integers(0, 11, (24, k)).astype(np.int32)
    tables = rng.integers(0, 2, (8, 1 << k)).astype(np.uint8)
    addresses = (bits[fanins].astype(np.int64) << np.arange(k)[:, None]).sum(1)
    expected = np.take_along_axis(tables.repeat(3, 0), addresses, 1)
    np.testing.assert_array_equal(lookup_cpu.look_up(bits, fanins, tables), expected)
