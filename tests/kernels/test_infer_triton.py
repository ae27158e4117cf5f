"""The packed kernels against the plain reference, and that against counting by hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.kernels.device import DEVICE, poisoned_memory
from warp2hdl.kernels import infer_reference, infer_triton

BATCHES = (0, 1, 31, 32, 33, 63, 64, 65, 511, 513)


def on_device(*tensors):
    return [tensor.to(DEVICE) for tensor in tensors]


def packed(signals, words, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(-(2**31), 2**31, (signals, words)).astype(np.int32))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int32])
def test_comparators(batch, dtype):
    rng = np.random.default_rng(batch)
    top = {torch.uint8: 255, torch.bool: 1, torch.int32: 65535}[dtype]
    x = torch.from_numpy(rng.integers(0, top + 1, (batch, 5))).to(dtype)
    features = torch.from_numpy(np.sort(rng.integers(0, 5, 37)).astype(np.int32))
    thresholds = torch.from_numpy(rng.integers(1, top + 1, 37).astype(np.int32))
    expected, words = packed(40, 20), -(-batch // 32)
    found, before = expected.to(DEVICE), expected.clone()
    infer_triton.compare(*on_device(x, features, thresholds), found)
    infer_reference.compare(x, features, thresholds, expected)
    assert torch.equal(found.cpu(), expected)
    assert torch.equal(expected[37:], before[37:]) and torch.equal(expected[:, words:], before[:, words:])
    bits = infer_reference.unpack(expected, batch)
    for bit in (0, 17, 36):
        assert bits[bit].tolist() == [int(v >= thresholds[bit]) for v in x[:, features[bit]].int()]


@pytest.mark.parametrize("k", range(7))
@pytest.mark.parametrize("words", [0, 1, 17, 130])
def test_look_ups(k, words):
    rng = np.random.default_rng(k)
    signals, nodes = packed(9, words), 22
    fanins = torch.from_numpy(rng.integers(0, 9, (nodes, k)).astype(np.int32))
    tables = torch.from_numpy(rng.integers(0, (1 << (1 << k)) - 1, nodes, np.uint64, endpoint=True).view(np.int64))
    rows = torch.from_numpy(rng.permutation(nodes).astype(np.int32))
    expected, found = packed(nodes, words, 1), packed(nodes, words, 1).to(DEVICE)
    infer_reference.look_up(signals, fanins, tables, expected, rows)
    signals, fanins, tables, rows = on_device(signals, fanins, tables, rows)
    infer_triton.look_up(signals, fanins, tables, found, rows)
    assert torch.equal(found.cpu(), expected)


def test_the_reference_looks_up_what_the_address_says():
    rng = np.random.default_rng(3)
    for k in range(7):
        signals = packed(8, 2)
        fanins = torch.from_numpy(rng.integers(0, 8, (12, k)).astype(np.int32))
        tables = torch.from_numpy(rng.integers(0, 2**63, 12) >> (63 - (1 << k) if k < 6 else 0))
        found = torch.empty(12, 2, dtype=torch.int32)
        infer_reference.look_up(signals, fanins, tables, found, torch.arange(12))
        inputs, outputs = infer_reference.unpack(signals, 64), infer_reference.unpack(found, 64)
        for node in range(12):
            for sample in (0, 31, 32, 63):
                address = sum(int(inputs[fanins[node, j], sample]) << j for j in range(k))
                assert outputs[node, sample] == int(tables[node]) >> address & 1


def test_nodes_read_and_write_rows_of_the_same_matrix():
    signals = packed(6, 5)
    expected = signals.clone()
    expected[4:] = signals[:2] & signals[2:4]
    fanins = torch.tensor([[1, 3], [0, 2]], dtype=torch.int32)
    tables, rows = torch.tensor([8, 8]), torch.tensor([5, 4], dtype=torch.int32)
    signals, fanins, tables, rows = on_device(signals, fanins, tables, rows)
    infer_triton.look_up(signals, fanins, tables, signals, rows)
    assert torch.equal(signals.cpu(), expected)


@pytest.mark.parametrize("batch", [0, 1, 64, 513])
def test_counts_of_groups_of_any_size(batch):
    signals = packed(40, -(-batch // 32))
    rng = np.random.default_rng(batch)
    sizes = [0, 1, 7, 8, 252, 253, 300]
    offsets = torch.tensor([0, *np.cumsum(sizes)], dtype=torch.int32)
    rows = torch.from_numpy(rng.integers(0, 40, sum(sizes)).astype(np.int32))
    bias = torch.tensor([3, 0, 70_000, 0, 1, 0, 2], dtype=torch.int32)
    expected = infer_reference.group_counts(signals, rows, offsets, bias, batch)
    with poisoned_memory():
        found = infer_triton.group_counts(*on_device(signals, rows, offsets, bias), batch)
    assert torch.equal(found.cpu(), expected) and found.shape == (batch, 7)
    bits = infer_reference.unpack(signals, batch)
    for group, (first, end) in enumerate(pairwise(offsets.tolist())):
        assert torch.equal(expected[:, group], bits[rows[first:end].long()].sum(0, dtype=torch.int32) + bias[group])


def test_a_group_of_ones_alone():
    signals = torch.full((1, 2), -1, dtype=torch.int32)
    rows, offsets = torch.zeros(1000, dtype=torch.int32), torch.tensor([0, 1000], dtype=torch.int32)
    found = infer_triton.group_counts(*on_device(signals, rows, offsets, torch.zeros(1, dtype=torch.int32)), 33)
    assert found.tolist() == [[1000]] * 33
