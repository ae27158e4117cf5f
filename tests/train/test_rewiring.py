"""Candidates of learned wiring that are replaced in training."""

import torch

from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train import rewiring
from warp2hdl.train.distributed import World

ALONE = World(0, 1, torch.device("cpu"))
RATE = 0.05


def _network(candidates=8):
    first = LogicLayer(300, 40, 4, wiring="learned", candidates=candidates, seed=0)
    second = LogicLayer(40, 20, 3, wiring="learned", candidates=candidates, seed=1)
    return torch.nn.Sequential(first, second, GroupSum(2, 2.0)).train()


def _task(rows=400):
    """The label is the majority of three inputs of 300."""
    x = torch.rand(rows, 300, generator=torch.Generator().manual_seed(7)) > 0.5
    return x, (x[:, [11, 150, 271]].sum(1) > 1).long()


def _train(steps, interval):
    torch.manual_seed(0)
    network, (x, y) = _network(), _task(2000)
    optimizer = torch.optim.Adam(
        [
            {"params": [p], "lr": RATE if name.endswith("wiring_weight") else 0.02}
            for name, p in network.named_parameters()
        ]
    )
    for step in range(1, steps + 1):
        if interval and step % interval == 0:
            rewiring.replace_candidates(network, optimizer, lambda: _loss(network, x, y), RATE, ALONE)
        rows = torch.randint(len(x), (100,))
        optimizer.zero_grad()
        _loss(network, x[rows], y[rows]).backward()
        optimizer.step()
    return network, optimizer


def _loss(network, x, y):
    return torch.nn.functional.cross_entropy(network(x), y)


def test_inputs_that_no_connection_had_among_its_candidates_are_found():
    x, y = _task(2000)
    accuracies = [(_train(200, interval)[0].eval()(x).argmax(1) == y).float().mean().item() for interval in (0, 20)]
    assert accuracies[1] > 0.99 > accuracies[0], accuracies


def test_the_best_candidates_stay_with_what_adam_knows_of_them_and_no_choice_changes():
    network, optimizer = _train(30, 0)
    layer = network[0]
    before, weights, inputs = (
        layer.current_fanins().clone(),
        layer.wiring_weight.clone(),
        layer.candidate_inputs.clone(),
    )
    moments = {name: value.clone() for name, value in optimizer.state[layer.wiring_weight].items()}
    x, y = _task()
    rewiring.replace_candidates(network, optimizer, lambda: _loss(network, x, y), RATE, ALONE)
    assert torch.equal(layer.current_fanins(), before)
    best, places = weights.topk(2, -1)
    assert torch.equal(layer.wiring_weight[..., :2], best)
    assert torch.equal(layer.candidate_inputs[..., :2], inputs.gather(-1, places))
    after = optimizer.state[layer.wiring_weight]
    for name in ("exp_avg", "exp_avg_sq"):
        assert torch.equal(after[name][..., :2], moments[name].gather(-1, places))
    assert (after["exp_avg"][..., 2:] == 0).all() and (after["exp_avg_sq"][..., 2:] > 0).all()
    assert torch.allclose(layer.wiring_weight[..., 2:], best[..., :1] - 20 * RATE)
    assert not layer.watched and layer.wiring_weight.grad is None


def test_new_candidates_are_those_of_steepest_descent():
    network, _ = _train(30, 0)
    x, y = _task()
    layer = network[0]
    optimizer = torch.optim.Adam(network.parameters())
    places = layer.wiring_weight.topk(2, -1).indices
    kept = layer.candidate_inputs.gather(-1, places).reshape(160, 2)
    # The same network with every input as a candidate says what each of them is worth.
    full = LogicLayer(300, 40, 4, wiring="learned", candidates=0, seed=0).train()
    full.weight.data = layer.weight.data.clone()
    full.wiring_weight.data.zero_().scatter_(-1, layer.current_fanins().long()[..., None], 1.0)
    _loss(torch.nn.Sequential(full, *network[1:]), x, y).backward()
    slopes = full.wiring_weight.grad.reshape(160, 300)
    rewiring.replace_candidates(network, optimizer, lambda: _loss(network, x, y), RATE, ALONE)
    fresh = layer.candidate_inputs.reshape(160, 8)[:, 2:].long()
    for connection in range(160):
        assert len({*fresh[connection].tolist(), *kept[connection].tolist()}) >= 7
        others = [i for i in slopes[connection].argsort().tolist() if i not in kept[connection].tolist()][:6]
        found = slopes[connection][fresh[connection]].sort().values
        assert torch.allclose(found, slopes[connection][others].sort().values, atol=1e-6)


def test_layers_whose_wiring_is_fixed_or_chooses_among_all_inputs_are_left_alone():
    fixed = LogicLayer(20, 10, 2, seed=0)
    full = LogicLayer(10, 10, 2, wiring="learned", candidates=0, seed=0)
    assert rewiring.rewired_layers(torch.nn.Sequential(fixed, full, GroupSum(2))) == []
