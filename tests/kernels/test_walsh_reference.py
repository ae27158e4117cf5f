import itertools
import math

import pytest
import torch

from warp2hdl.kernels.walsh_reference import truth_tables, walsh_hadamard, walsh_layer, walsh_polynomial


def _monomials(k):
    """H[a, i] = prod of s_j over j in i at address a, from the definition."""
    return torch.tensor(
        [[(-1.0) ** bin(a & i).count("1") for i in range(1 << k)] for a in range(1 << k)], dtype=torch.float64
    )


@pytest.mark.parametrize("k", range(7))
def test_transform_is_the_matrix_of_parities(k):
    theta = torch.randn(5, 1 << k, dtype=torch.float64)
    torch.testing.assert_close(walsh_hadamard(theta), theta @ _monomials(k).T)


@pytest.mark.parametrize("k", range(1, 7))
def test_polynomial_at_the_corners_is_the_transform(k):
    theta = torch.randn(3, 1 << k, dtype=torch.float64)
    corners = torch.tensor(list(itertools.product([0, 1], repeat=k)), dtype=torch.float64).flip(1)  # bit j = input j
    s = (1 - 2 * corners).T.expand(3, k, 1 << k)
    torch.testing.assert_close(walsh_polynomial(theta, s), walsh_hadamard(theta))


def test_known_gates():
    # z = s0 is negative where input 0 is logic 1: a wire; z = s0 * s1 is odd parity; a tie is logic 0.
    wire, xor, tie = [0.0, 1, 0, 0], [0.0, 0, 0, 1], [0.0, 0, 0, 0]
    assert truth_tables(torch.tensor([wire, xor, tie])).int().tolist() == [[0, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("k", range(1, 7))
def test_gradients_are_exact(k):
    x = torch.rand(7, 3, dtype=torch.float64, requires_grad=True)
    theta = torch.randn(4, 1 << k, dtype=torch.float64, requires_grad=True)
    fanins = torch.randint(7, (4, k))
    assert torch.autograd.gradcheck(lambda x, theta: walsh_layer(x, fanins, theta, 1.7), (x, theta))


def test_gradient_formula_of_the_paper():
    x = torch.rand(2, 1, dtype=torch.float64, requires_grad=True)
    theta = torch.randn(1, 4, dtype=torch.float64, requires_grad=True)
    tau = 1.3
    p = walsh_layer(x, torch.tensor([[0, 1]]), theta, tau)
    p.sum().backward()
    s = (1 - 2 * x.detach()).flatten()
    slope = (p * (1 - p)).detach().item()
    monomials = torch.stack([torch.ones(()), s[0], s[1], s[0] * s[1]])
    torch.testing.assert_close(theta.grad[0], -slope / tau * monomials)
    inner = torch.stack([theta[0, 1] + theta[0, 3] * s[1], theta[0, 2] + theta[0, 3] * s[0]]).detach()
    torch.testing.assert_close(x.grad.flatten(), 2 * slope / tau * inner)


def test_a_limited_node_reaches_its_bits_at_the_limit_and_passes_on_gradients_there():
    limit, tau = 1.2, 1.3
    theta = torch.tensor([[0.0, limit * tau]], dtype=torch.float64)  # passes its input on
    x = torch.tensor([[0.0, 0.25, 1.0]], dtype=torch.float64, requires_grad=True)
    y = walsh_layer(x, torch.tensor([[0]]), theta, tau, limit=limit)
    torch.testing.assert_close(y.detach()[0, [0, 2]], torch.tensor([0.0, 1.0], dtype=torch.float64))
    assert y[0, 1].item() == pytest.approx(0.5 - 0.5 * math.tanh(limit / 4) / math.tanh(limit / 2))
    y.sum().backward()
    assert x.grad[0, 0].item() == pytest.approx(limit / math.sinh(limit))
    beyond = walsh_layer(x.detach(), torch.tensor([[0]]), 5 * theta, tau, limit=limit)
    torch.testing.assert_close(beyond[0, [0, 2]], y.detach()[0, [0, 2]])


def test_a_small_limit_is_a_multilinear_node_with_clipped_entries():
    torch.manual_seed(0)
    limit = 1e-3
    entries = torch.rand(4, 8, dtype=torch.float64) * 2 - 1  # of (1 - z) / 2, each within its bounds
    theta = walsh_hadamard(entries) / 8
    x = torch.rand(5, 7, dtype=torch.float64)
    fanins = torch.randint(5, (4, 3))
    limited = walsh_layer(x, fanins, theta * limit, 1.0, limit=limit)
    torch.testing.assert_close(limited, walsh_layer(x, fanins, theta, 1.0, linear=True), rtol=1e-5, atol=1e-6)
