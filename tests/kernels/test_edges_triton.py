import pytest
import torch

from tests.kernels.device import DEVICE, poisoned_memory, with_padding
from warp2hdl.kernels.edges_triton import candidate_gradients, edge_list, sum_edges


def test_edge_list_groups_edges_by_input_in_their_order():
    listed = edge_list(torch.tensor([[2, 0], [2, 2], [4, 0]], dtype=torch.int32, device=DEVICE), 6)
    assert listed.order.tolist() == [1, 5, 0, 2, 3, 4]
    assert listed.starts.tolist() == [0, 2, 2, 5, 5, 6, 6]


def test_edge_list_is_kept_until_the_fanins_change():
    fanins = torch.tensor([[0, 1]], dtype=torch.int32, device=DEVICE)
    listed = edge_list(fanins, 3)
    assert edge_list(fanins, 3) is listed
    assert edge_list(fanins, 4).starts.tolist() == [0, 1, 2, 2, 2]
    fanins[0, 0] = 2
    assert edge_list(fanins, 3).starts.tolist() == [0, 0, 1, 2]
    assert edge_list(fanins.clone(), 3) is not edge_list(fanins, 3)


@pytest.mark.parametrize(("inputs", "nodes", "k", "columns"), [(5, 2, 1, 3), (7, 13, 6, 33), (3, 40, 2, 5)])
def test_sum_edges_adds_what_each_input_feeds(inputs, nodes, k, columns):
    torch.manual_seed(k)
    fanins = torch.randint(inputs - 1, (nodes, k), dtype=torch.int32, device=DEVICE)  # the last input is not read
    edges = torch.randn(nodes * k, columns)
    expected = torch.zeros(inputs, columns, dtype=torch.float64)
    expected.index_add_(0, fanins.cpu().flatten().long(), edges.double())
    grad_x = with_padding(torch.full((inputs, columns), torch.nan))
    sum_edges(with_padding(edges), edge_list(fanins, inputs), grad_x)
    torch.testing.assert_close(grad_x.double().cpu(), expected, rtol=1e-6, atol=1e-6)
    assert not grad_x[-1].any()


@pytest.mark.parametrize("count", [1, 5, 40])
@pytest.mark.parametrize("bits", [False, True])
def test_candidate_gradients(count, bits):
    torch.manual_seed(count)
    signals, edges = torch.rand(9, 70), torch.randn(2, 3, 70)
    candidates = torch.randint(9, (2, 3, count), dtype=torch.int32)
    if bits:
        signals = signals.round().to(torch.uint8)
    expected = torch.einsum("nkcb,nkb->nkc", signals.double()[candidates.long()], edges.double())
    given = signals.to(DEVICE) if bits else with_padding(signals)
    padded_edges = with_padding(edges.flatten(0, 1)).unflatten(0, (2, 3))
    with poisoned_memory():
        found = candidate_gradients(given, candidates.to(DEVICE), padded_edges)
    torch.testing.assert_close(found.double().cpu(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bits", [False, True])
def test_gradients_of_all_inputs_as_candidates(bits):
    torch.manual_seed(0)
    signals, edges = torch.rand(9, 70), torch.randn(2, 3, 70)
    if bits:
        signals = signals.round().to(torch.uint8)
    expected = torch.einsum("ib,nkb->nki", signals.double(), edges.double())
    found = candidate_gradients(signals.to(DEVICE), None, edges.to(DEVICE))
    torch.testing.assert_close(found.double().cpu(), expected, rtol=1e-5, atol=1e-5)
