import copy

import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels import stack_cpu, threads
from warp2hdl.nn import GroupSum, LogicLayer, LogicSequential, PackBitsTensor
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.nn.relaxed import SAMPLINGS

BATCH = 70


@pytest.fixture
def runs(monkeypatch):
    """How many layers each operation of the CPU kernels has."""
    found = []
    forward = stack_cpu.forward
    monkeypatch.setattr(
        stack_cpu, "forward", lambda x, layers, groups: (found.append(len(layers)), forward(x, layers, groups))[1]
    )
    return found


def _modules(relaxation="walsh", sampling="soft", **first):
    torch.manual_seed(0)
    settings = {"relaxation": relaxation, "sampling": sampling, "tau": 0.8}
    return [
        LogicLayer(9, 20, 2, **settings, **first),
        LogicLayer(20, 15, 2, **settings),
        LogicLayer(15, 12, 2, **settings),
        GroupSum(3, 1.5),
    ]


def _step(model, x, seed=7):
    torch.manual_seed(seed)
    leaf = x.clone().requires_grad_() if x.is_floating_point() else x
    model.zero_grad()
    scores = model(leaf)
    (scores * torch.linspace(-1, 1, scores.numel()).view_as(scores)).sum().backward()
    grads = {name: p.grad.clone() for name, p in model.named_parameters()}
    return {"scores": scores.detach(), "x": leaf.grad, **grads}


def _assert_same(modules, x):
    plain = torch.nn.Sequential(*copy.deepcopy(modules))
    expected, actual = _step(plain, x), _step(LogicSequential(*modules), x)
    assert list(actual) == list(expected)
    for name, value in expected.items():
        if value is None:
            assert actual[name] is None
        else:
            torch.testing.assert_close(actual[name], value, rtol=1e-5, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_trains_as_torch_nn_sequential_does(relaxation, sampling, count, runs):
    threads.set(count)
    try:
        _assert_same(_modules(relaxation, sampling), torch.rand(BATCH, 9))
    finally:
        threads.set(1)
    assert runs == ([] if relaxation == "dwn" else [1, 1, 1, 3])


@pytest.mark.parametrize("first", [{}, {"wiring": "learned", "candidates": 4}])
def test_bits_and_learned_wiring(first, runs):
    _assert_same(_modules(**first), torch.randint(2, (BATCH, 9), dtype=torch.uint8))
    assert runs == [1, 1, 1, 3]


@pytest.mark.parametrize(
    "first",
    [
        {"wiring": "learned", "candidates": 0},
        {"grad_factor": 2.0},
        {"implementation": "python"},
    ],
)
def test_a_layer_with_more_to_do_stays_alone(first, runs):
    modules = _modules(**first)
    _assert_same(modules, torch.rand(BATCH, 9))
    assert runs[-1] == 2


def test_hooks_see_every_value():
    modules = _modules()
    model, seen = LogicSequential(*modules), []
    modules[1].register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    modules[3].register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    x = torch.rand(BATCH, 9)
    scores = model(x)
    torch.testing.assert_close(seen[0], modules[1](modules[0](x)))
    torch.testing.assert_close(seen[1], scores)


def test_a_single_layer_and_its_group_sum(runs):
    layer = LogicLayer(9, 12, 3)
    _assert_same([layer, GroupSum(3)], torch.rand(BATCH, 9))
    assert runs == [1, 1]


def test_layers_that_do_not_fit_are_refused_as_ever():
    wrong = LogicSequential(LogicLayer(9, 20), LogicLayer(21, 12), GroupSum(3))
    with pytest.raises(ConfigError, match=r"the input has shape \(70, 20\); this layer takes \[batch, 21\]"):
        wrong(torch.rand(BATCH, 9))
    with pytest.raises(ConfigError, match="20 outputs do not divide into 3 classes"):
        LogicSequential(LogicLayer(9, 20), GroupSum(3))(torch.rand(BATCH, 9))


def test_evaluation_and_packed_bits():
    modules = _modules()
    model = LogicSequential(*modules).eval()
    x = torch.randint(2, (BATCH, 9), dtype=torch.uint8)
    assert torch.equal(model(x), torch.nn.Sequential(*modules)(x))
    assert torch.equal(model(PackBitsTensor(x.bool())) / 1.5, model(x))
    modules[1].train()
    with pytest.raises(ConfigError, match=r"call model.eval\(\)"):
        model(PackBitsTensor(x.bool()))


class _Both(torch.nn.Module):
    def forward(self, pair):
        return torch.cat(pair, 1)


def test_passes_on_what_is_no_tensor():
    model = LogicSequential(_Both(), *_modules())
    x = torch.rand(BATCH, 9)
    assert torch.equal(model((x[:, :4], x[:, 4:])), model[1:](x))
    with pytest.raises(ConfigError, match=r"call model.eval\(\)"):
        model[1:](PackBitsTensor(x > 0.5))


def test_is_saved_and_cut_like_a_sequential():
    model = LogicSequential(*_modules())
    assert list(model.state_dict()) == list(torch.nn.Sequential(*model).state_dict())
    assert isinstance(model[:2], LogicSequential)
    torch.testing.assert_close(model[:2](torch.ones(4, 9)), model[1](model[0](torch.ones(4, 9))))


def test_a_step_keeps_nothing_after_its_gradients():
    model = LogicSequential(*_modules())
    loss = model(torch.rand(BATCH, 9)).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()
