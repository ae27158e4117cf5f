import warnings

import pytest
import torch

from tests.kernels.device import DEVICE
from warp2hdl.kernels import layer_triton


@pytest.fixture(autouse=True)
def warn_anew():
    layer_triton._warn.cache_clear()


def problem(bits=False):
    torch.manual_seed(1)
    x = torch.rand(7, 9, device=DEVICE)
    fanins = torch.randint(7, (6, 2), dtype=torch.int32, device=DEVICE)
    return x.round().to(torch.uint8) if bits else x, fanins, torch.randn(3, 4, device=DEVICE)


def run(layer, x, fanins, theta, wiring=None, **options):
    leaves = {"x": x, "theta": theta, "wiring": wiring}
    leaves = {n: v.clone().requires_grad_() for n, v in leaves.items() if v is not None and v.is_floating_point()}
    y = layer(leaves.get("x", x), fanins, leaves["theta"], 1.5, wiring=leaves.get("wiring"), **options)
    torch.manual_seed(2)
    y.backward(torch.randn(y.shape, device=DEVICE))
    return {"y": y.detach()} | {name: leaf.grad for name, leaf in leaves.items()}


def without_triton(monkeypatch):
    monkeypatch.setattr(layer_triton, "available", lambda: False)


@pytest.mark.parametrize("bits", [False, True])
@pytest.mark.parametrize("competing", ["none", "some", "all"])
@pytest.mark.parametrize("options", [{}, {"linear": True}, {"noise": (1, 2), "hard": True}, {"deterministic": True}])
def test_gradients_are_those_of_the_plain_layer(bits, competing, options, monkeypatch):
    x, fanins, theta = problem(bits)
    if competing == "some":
        options = options | {"candidates": torch.randint(7, (6, 2, 4), dtype=torch.int32, device=DEVICE)}
    wiring = {"none": None, "some": torch.rand(6, 2, 4), "all": torch.rand(6, 2, 7)}[competing]
    wiring = None if wiring is None else wiring.to(DEVICE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        actual = run(layer_triton.walsh_layer, x, fanins, theta, wiring, **options)
    without_triton(monkeypatch)
    with pytest.warns(UserWarning, match="plain reference"):
        expected = run(layer_triton.walsh_layer, x, fanins, theta, wiring, **options)
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x, fanins, theta: (x.double(), fanins, theta), "inputs of torch.float64"),
        (lambda x, fanins, theta: (x, fanins, theta.double()), "coefficients of torch.float64"),
        (
            lambda x, fanins, theta: (x, fanins[:, :1].repeat(1, 7), theta[:, :1].repeat(1, 128)),
            "nodes of 7 inputs are not among 1 to 6",
        ),
    ],
)
def test_what_the_kernels_do_not_do_runs_on_the_reference_with_one_warning(change, reason):
    x, fanins, theta = change(*problem())
    with pytest.warns(UserWarning, match=reason) as caught:
        for _ in range(2):
            assert layer_triton.walsh_layer(x, fanins, theta, 1.5).shape == (6, 9)
    assert len(caught) == 1


def test_a_key_on_the_device_is_the_same_key_everywhere(monkeypatch):
    x, fanins, theta = problem()
    key = torch.tensor([5, -16], dtype=torch.int32, device=DEVICE)
    fused = layer_triton.walsh_layer(x, fanins, theta, 1.5, noise=key)
    without_triton(monkeypatch)
    with pytest.warns(UserWarning, match="no GPU"):
        plain = layer_triton.walsh_layer(x, fanins, theta, 1.5, noise=key)
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-5)


def test_torchs_switch_asks_for_deterministic_gradients(monkeypatch):
    from warp2hdl.kernels import walsh_triton

    asked = []
    backward = walsh_triton.backward

    def spy(*arguments, **options):
        asked.append(options["deterministic"])
        return backward(*arguments, **options)

    monkeypatch.setattr(walsh_triton, "backward", spy)
    run(layer_triton.walsh_layer, *problem())
    torch.use_deterministic_algorithms(True)
    try:
        run(layer_triton.walsh_layer, *problem())
    finally:
        torch.use_deterministic_algorithms(False)
    assert asked == [False, True]


def test_look_up_layer_with_and_without_triton(monkeypatch):
    bits, fanins, theta = problem(bits=True)
    fused = layer_triton.look_up_layer(bits, fanins, theta < 0)
    without_triton(monkeypatch)
    with pytest.warns(UserWarning, match="plain reference"):
        assert torch.equal(layer_triton.look_up_layer(bits, fanins, theta < 0), fused)
