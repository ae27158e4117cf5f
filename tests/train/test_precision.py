import os

import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels import threads
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train import precision


def test_auto_takes_cuda_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.choose_device("auto") == precision.choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError) as error:
        precision.choose_device("cuda")
    assert str(error.value) == "device is 'cuda' but torch finds no CUDA device here; give --device cpu or auto."
    with pytest.raises(ConfigError, match="device is 'gpu'; it must be one of auto, cpu, cuda"):
        precision.choose_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert precision.choose_device("auto") == precision.choose_device("cuda") == torch.device("cuda")
    assert precision.choose_device("cpu") == torch.device("cpu")


def test_threads_last_for_the_block(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(5))
    before = torch.get_num_threads(), threads.get()
    with precision.threads(3):
        assert (torch.get_num_threads(), threads.get()) == (1, 3)
    assert (torch.get_num_threads(), threads.get()) == before


def test_more_threads_than_cores_are_refused():
    cores = len(os.sched_getaffinity(0))
    with pytest.raises(ConfigError) as error, precision.threads(cores + 1):
        pass
    assert str(error.value) == f"training.threads is {cores + 1}; this machine offers 1 to {cores}."


def _model():
    return torch.nn.Sequential(LogicLayer(6, 8, seed=0), LogicLayer(8, 4, seed=1), GroupSum(2))


def test_bfloat16_rounds_between_layers_alone():
    model, x = _model(), torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    outputs = {}
    for index in (0, 1):
        model[index].register_forward_hook(lambda _, __, y, index=index: outputs.__setitem__(index, y.detach()))
    exact = model[0](x).detach()
    with precision.activations(model, "bfloat16"):
        rounded = model[0](x)
        model(x)
    assert torch.equal(rounded, exact.bfloat16().float())
    assert not torch.equal(rounded, exact)
    assert torch.equal(outputs[1], model[1](rounded))  # the scores are sums of float32
    assert torch.equal(model[0](x), exact)


def test_gradients_pass_the_rounding():
    model, x = _model(), torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    gradients = []
    for kind in ("float32", "bfloat16"):
        model.zero_grad()
        with precision.activations(model, kind):
            model(x).square().sum().backward()
        gradients.append(model[0].weight.grad.clone())
    exact, rounded = gradients
    assert rounded.dtype == torch.float32
    assert 0 < (rounded - exact).abs().max() < 0.02 * exact.abs().max()


def test_bits_and_hard_networks_are_as_they_were():
    model, bits = _model().eval(), torch.randint(0, 2, (9, 6), dtype=torch.uint8)
    with precision.activations(model, "bfloat16"):
        found = model(bits)
    assert torch.equal(found, model(bits))
