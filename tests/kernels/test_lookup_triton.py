import pytest
import torch

from tests.kernels.device import DEVICE, poisoned_memory
from warp2hdl.kernels.lookup_triton import look_up


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("run", [1, 3])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
def test_entries_at_the_addresses_that_bits_form(k, run, dtype):
    torch.manual_seed(k)
    bits = torch.rand(7, 19).round().to(dtype)
    fanins, tables = torch.randint(7, (12, k), dtype=torch.int32), torch.rand(12 // run, 1 << k) < 0.5
    with poisoned_memory():
        found = look_up(bits.to(DEVICE), fanins.to(DEVICE), tables.to(DEVICE))
    for node in range(12):
        for sample in range(19):
            address = sum(int(bits[fanins[node, j], sample]) << j for j in range(k))
            assert found[node, sample] == tables[node // run, address], (node, sample)


def test_an_empty_batch():
    bits = torch.empty(3, 0, dtype=torch.uint8, device=DEVICE)
    tables = torch.zeros(2, 2, dtype=torch.bool, device=DEVICE)
    assert look_up(bits, torch.zeros(2, 1, dtype=torch.int32, device=DEVICE), tables).shape == (2, 0)
