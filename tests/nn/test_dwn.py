import numpy as np
import pytest
import torch

from warp2hdl.encode import fit_encoder
from warp2hdl.ir.interpret import classify
from warp2hdl.lower import lower
from warp2hdl.nn import GroupSum, LogicLayer, dwn


def _extended_difference(table, address, j):
    """The definition (arXiv 2410.11112): all entries, weighted by their distance to the address."""
    arity = len(table).bit_length() - 1
    total, scale = 0.0, 0.0
    for other, entry in enumerate(table.tolist()):
        weight = 1 / (((other ^ address) & ~(1 << j)).bit_count() + 1)
        total += entry * weight * (1 if other >> j & 1 else -1)
        scale += weight / 2
    assert scale == pytest.approx((2**arity - 1) / arity)  # of the weights of one sign
    return total / scale


@pytest.mark.parametrize("arity", range(1, 7))
def test_differences_of_the_smoothed_table_are_extended_differences(arity):
    tables = torch.rand(3, 1 << arity, dtype=torch.float64)
    smoothed = dwn.smoothed(tables)
    for table, smooth in zip(tables, smoothed, strict=True):
        for address in range(1 << arity):
            for j in range(arity):
                found = smooth[address | 1 << j] - smooth[address & ~(1 << j)]
                assert found.item() == pytest.approx(_extended_difference(table, address, j), abs=1e-6)


@pytest.mark.parametrize("arity", range(1, 7))
def test_gradients(arity):
    inputs, nodes, batch = 7, 5, 11
    x = torch.rand(inputs, batch, requires_grad=True)
    entries = torch.rand(nodes, 1 << arity, requires_grad=True)
    fanins = torch.randint(inputs, (nodes, arity))
    grad = torch.randn(nodes, batch)
    y = dwn.look_up(x, fanins, entries, entries.detach() > 0.5)
    y.backward(grad)
    grad_x, grad_entries = torch.zeros(inputs, batch), torch.zeros_like(entries)
    for n in range(nodes):
        for b in range(batch):
            at = sum(int(x[fanins[n, j], b] > 0.5) << j for j in range(arity))
            assert y[n, b] == float(entries[n, at] > 0.5)
            grad_entries[n, at] += grad[n, b]
            for j in range(arity):
                grad_x[fanins[n, j], b] += grad[n, b] * _extended_difference(entries[n], at, j)
    torch.testing.assert_close(entries.grad, grad_entries, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x.grad, grad_x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arity", range(1, 7))
def test_forward_is_multilinears_hard_one(arity):
    look_up, tables = LogicLayer(9, 12, arity, "dwn", seed=0), LogicLayer(9, 12, arity, "multilinear", seed=0)
    tables.weight.data = look_up.weight.data.normal_()
    x = torch.rand(40, 9)
    expected = tables.eval()(x)
    assert torch.equal(look_up(x), expected)
    assert torch.equal(look_up.eval()(x), expected)
    # On bits multilinear's own straight-through outputs are the same.
    bits = x.round()
    rounded = LogicLayer(9, 12, arity, "multilinear", sampling="hard", seed=0)
    rounded.weight.data = look_up.weight.data
    assert torch.equal(look_up.train()(bits), rounded(bits))


def test_entries_at_the_threshold_are_the_tables():
    layer = LogicLayer(4, 3, 2, "dwn", seed=0)
    layer.weight.data = 1e-12 * torch.randn(3, 4)  # a sigmoid of exactly one half in float32
    bits = torch.randint(2, (30, 4), dtype=torch.uint8)
    assert torch.equal(layer(bits), layer.eval()(bits))


def test_noise_changes_bits_in_training_only():
    layer = LogicLayer(8, 200, 2, "dwn", sampling="gumbel-hard", seed=0)
    bits = torch.randint(2, (10, 8), dtype=torch.uint8)
    first, second = layer(bits), layer(bits)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first, second)
    layer.eval()
    assert torch.equal(layer(bits), layer(bits))


def test_two_layers_learn_xor_and_lower():
    torch.manual_seed(1)
    x = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(np.float64)
    labels = torch.from_numpy(x[:, 0] != x[:, 1]).long()
    encoder = fit_encoder(x, 1, 1)
    bits = torch.from_numpy(x).float()
    model = torch.nn.Sequential(LogicLayer(2, 32, 2, "dwn"), LogicLayer(32, 20, 3, "dwn"), GroupSum(2, tau=2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(model(bits), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    assert torch.equal(model(bits).argmax(1), labels)
    circuit = lower(model, encoder, name="xor", feature_names=["a", "b"], class_names=["0", "1"])
    assert np.array_equal(classify(circuit, encoder.to_words(x)), labels.numpy())
