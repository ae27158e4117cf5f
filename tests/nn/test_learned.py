import pytest
import torch

from warp2hdl.kernels.walsh_reference import walsh_layer
from warp2hdl.nn import LogicLayer, dwn
from warp2hdl.nn.learned import select_inputs
from warp2hdl.nn.relaxations import RELAXATIONS


def _candidates(layer):
    if layer.candidate_inputs is not None:
        return layer.candidate_inputs.long()
    return torch.arange(layer.in_dim).expand(layer.out_dim, layer.arity, -1)


def _reference(layer, x, weight, wiring):
    """The layer with each fan-in the weighted sum of its candidates, in float64; straight-through, by autograd."""
    candidates = _candidates(layer)
    best = wiring.argmax(-1, keepdim=True)
    chosen = x[candidates.gather(-1, best).squeeze(-1)]
    mixed = torch.einsum("nkcb,nkc->nkb", x[candidates].detach(), wiring)
    rows = (chosen + mixed - mixed.detach()).reshape(-1, x.shape[1])
    rule = RELAXATIONS[layer.relaxation]
    fanins = torch.arange(len(rows)).reshape(layer.out_dim, layer.arity)
    return walsh_layer(rows, fanins, rule.coefficients(weight, layer.tau), layer.tau, linear=rule.linear)


@pytest.mark.parametrize("implementation", [None, "python"])
@pytest.mark.parametrize("candidates", [0, 3, 100])
@pytest.mark.parametrize(("relaxation", "arity"), [("walsh", 1), ("walsh", 3), ("multilinear", 4), ("difflogic", 2)])
def test_gradients_in_a_second_layer(relaxation, arity, candidates, implementation):
    torch.manual_seed(0)
    first = LogicLayer(8, 13, 3, seed=1)
    layer = LogicLayer(
        13, 7, arity, relaxation, tau=1.5, wiring="learned", candidates=candidates, implementation=implementation
    )
    layer.weight.data.normal_()
    bits = torch.randint(2, (9, 8), dtype=torch.uint8)
    hidden = first(bits)
    hidden.retain_grad()
    y = layer(hidden)
    grad = torch.randn_like(y)
    y.backward(grad)

    leaves = [t.detach().double().requires_grad_() for t in (hidden.t(), layer.weight, layer.wiring_weight)]
    expected = _reference(layer, *leaves)
    torch.testing.assert_close(y.t().double(), expected, rtol=1e-5, atol=1e-6)
    expected.backward(grad.t().double())
    found = {"x": hidden.grad.t(), "weight": layer.weight.grad, "wiring": layer.wiring_weight.grad}
    for (name, value), leaf in zip(found.items(), leaves, strict=True):
        torch.testing.assert_close(value.double(), leaf.grad, rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")
    assert first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("candidates", [0, 3])
def test_gradients_of_weightless_nodes(candidates):
    layer = LogicLayer(6, 5, 2, "dwn", wiring="learned", candidates=candidates, seed=0)
    layer.weight.data.normal_()
    x = torch.rand(6, 10)
    grad = torch.randn(5, 10)
    (layer(x.t()).t() * grad).sum().backward()
    rows = x[layer.current_fanins().long()].reshape(10, 10).requires_grad_()
    fanins = torch.arange(10).reshape(5, 2)
    dwn.look_up(rows, fanins, torch.sigmoid(layer.weight.detach()), layer.tables()).backward(grad)
    slopes = rows.grad.reshape(5, 2, 1, 10)
    torch.testing.assert_close(layer.wiring_weight.grad, (slopes * x[_candidates(layer)]).sum(-1))


def test_all_inputs_need_no_list_of_candidates():
    layer = LogicLayer(300, 40, 4, wiring="learned", candidates=0)
    assert layer.candidate_inputs is None
    assert layer.wiring_weight.shape == (40, 4, 300)
    assert sorted(layer.state_dict()) == ["weight", "wiring_weight"]
    layer.wiring_weight.data[3, 2, 271] = 1.0
    assert layer.current_fanins()[3, 2] == 271
    assert LogicLayer(30, 4, wiring="learned", candidates=30).candidate_inputs is None
    assert LogicLayer(30, 4, wiring="learned", candidates=29).candidate_inputs.shape == (4, 2, 29)


def test_selected_rows():
    x = torch.rand(6, 4)
    fanins = torch.tensor([[5, 0], [2, 2]], dtype=torch.int32)
    rows, numbers = select_inputs(x, fanins, None, torch.zeros(2, 2, 6))
    assert torch.equal(rows, x[[5, 0, 2, 2]])
    assert numbers.tolist() == [[0, 1], [2, 3]]
    assert numbers.dtype == torch.int32
