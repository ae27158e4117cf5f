import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.placement import place


def test_the_network_of_difflogics_readme():
    model = torch.nn.Sequential(
        torch.nn.Flatten(),
        LogicLayer(784, 16_000),
        LogicLayer(16_000, 16_000),
        LogicLayer(16_000, 16_000),
        LogicLayer(16_000, 16_000),
        LogicLayer(16_000, 16_000),
        GroupSum(k=10, tau=30),
    )
    x = torch.rand(2, 1, 28, 28)
    loss = torch.nn.functional.cross_entropy(model(x), torch.tensor([3, 7]))
    loss.backward()
    assert all(layer.weight.grad is not None for layer in model[1:6])
    scores = model.eval()(x)
    assert scores.shape == (2, 10)
    assert torch.equal((scores * 30).round(), scores * 30)  # counts
    assert sum(layer.num_neurons for layer in model[1:6]) == 80_000
    assert sum(layer.num_weights for layer in model[1:6]) == 80_000


def test_difflogics_keywords():
    layer = LogicLayer(
        in_dim=20, out_dim=30, device="cpu", implementation="python", connections="unique", grad_factor=1.1
    )
    assert layer.wiring == "unique"
    assert layer.weight.device.type == "cpu"
    assert len({frozenset(row) for row in layer.fanins.tolist()}) == 30
    assert GroupSum(k=10, tau=30, device="cpu")(layer(torch.rand(4, 20))).shape == (4, 10)


@pytest.mark.parametrize("implementation", [None, "python"])
@pytest.mark.parametrize("relaxation", ["walsh", "difflogic", "dwn"])
def test_grad_factor_scales_the_gradient_of_the_inputs_alone(relaxation, implementation):
    x = torch.rand(6, 10)
    found = []
    for factor in (1.0, 2.5):
        layer = LogicLayer(10, 8, 2, relaxation, seed=0, grad_factor=factor, implementation=implementation)
        inputs = x.clone().requires_grad_()
        y = layer(inputs)
        y.sum().backward()
        found.append((y.detach(), layer.weight.grad, inputs.grad))
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1])
    torch.testing.assert_close(2.5 * found[0][2], found[1][2])


def test_places():
    assert place(None, None) == torch.device("cpu")
    assert place(None, "python") == torch.device("cpu")
    assert place("cpu", "python") == torch.device("cpu")
    assert place(torch.device("cpu"), None) == torch.device("cpu")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"implementation": "cuda"},
            "implementation is 'cuda' but this machine has no CUDA device; leave it out to run on the CPU.",
        ),
        ({"device": "cuda"}, "device is 'cuda' but this machine has no CUDA device; leave it out to run on the CPU."),
        (
            {"implementation": "cuda", "device": "cpu"},
            "implementation is 'cuda' but device is 'cpu'; use device='cuda', or leave it out.",
        ),
        ({"device": "gpu"}, "device is 'gpu', which is no device; use 'cpu' or 'cuda'."),
        ({"implementation": "numpy"}, "implementation is 'numpy'; it must be one of None, 'cuda', 'python'."),
    ],
)
def test_what_cannot_be_had(monkeypatch, arguments, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError) as error:
        LogicLayer(4, 4, **arguments)
    assert str(error.value) == message


def test_a_gpu_that_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert place(None, "cuda") == torch.device("cuda")
    assert place("cuda:1", "cuda") == torch.device("cuda:1")
    assert place("cuda", "python") == torch.device("cuda")
