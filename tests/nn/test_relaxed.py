import pytest
import torch

from warp2hdl.kernels.walsh_reference import walsh_layer
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.nn.relaxed import SAMPLINGS, relaxed_layer


def _layer(relaxation, tables=6, arity=2):
    entries = 16 if relaxation == "difflogic" else 1 << arity
    return torch.randn(tables, entries), torch.randint(9, (6, arity), dtype=torch.int32)


@pytest.mark.parametrize("sampling", ["soft", "hard"])
@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_the_reference_path_is_the_fused_one(relaxation, sampling):
    weight, fanins = _layer(relaxation)
    found = []
    for reference in (False, True):
        x, w = (
            torch.rand(9, 7, generator=torch.Generator().manual_seed(0)).requires_grad_(),
            weight.clone().requires_grad_(),
        )
        y = relaxed_layer(x, fanins, w, relaxation=relaxation, sampling=sampling, tau=1.3, reference=reference)
        (y * torch.linspace(-1, 1, 7)).sum().backward()
        found.append((y.detach(), x.grad, w.grad))
    for name, fused, plain in zip(("y", "x", "weight"), *found, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_runs_of_nodes_share_tables(relaxation):
    weight, fanins = _layer(relaxation, tables=2)
    x = torch.rand(9, 7)
    settings = {"relaxation": relaxation, "sampling": "soft", "tau": 1.0}
    shared, apart = weight.clone().requires_grad_(), weight.repeat_interleave(3, 0).requires_grad_()
    y, z = relaxed_layer(x, fanins, shared, **settings), relaxed_layer(x, fanins, apart, **settings)
    torch.testing.assert_close(y, z)
    (y.sum() + z.sum()).backward()
    torch.testing.assert_close(shared.grad, apart.grad.reshape(2, 3, -1).sum(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_samplings(relaxation, sampling, reference):
    torch.manual_seed(0)
    weight, fanins = _layer(relaxation)
    x = torch.rand(9, 200)
    settings = {"relaxation": relaxation, "sampling": sampling, "tau": 1.0, "reference": reference}
    first, second = (relaxed_layer(x, fanins, weight, **settings) for _ in range(2))
    noisy = sampling.startswith("gumbel")
    assert torch.equal(first, second) is not noisy
    assert (set(first.unique().tolist()) <= {0.0, 1.0}) is (sampling.endswith("hard") or relaxation == "dwn")


@pytest.mark.parametrize("relaxation", ["multilinear", "difflogic"])
def test_noise_is_that_of_the_parameters_for_a_whole_step(relaxation):
    weight, fanins = _layer(relaxation)
    x = torch.rand(9, 50)
    torch.manual_seed(5)
    y = relaxed_layer(x, fanins, weight, relaxation=relaxation, sampling="gumbel-soft", tau=0.7)
    torch.manual_seed(5)
    rule = RELAXATIONS[relaxation]
    theta = rule.coefficients(rule.perturbed(weight), 0.7)
    torch.testing.assert_close(y, walsh_layer(x, fanins, theta, 0.7, linear=True))


def test_hard_outputs_have_the_gradient_of_soft_ones():
    for relaxation in ("walsh", "multilinear", "difflogic"):
        weight, fanins = _layer(relaxation)
        x = torch.rand(9, 20)
        grads = []
        for sampling in ("soft", "hard"):
            w = weight.clone().requires_grad_()
            relaxed_layer(x, fanins, w, relaxation=relaxation, sampling=sampling, tau=1.0).sum().backward()
            grads.append(w.grad)
        torch.testing.assert_close(*grads)
