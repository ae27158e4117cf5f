"""The Walsh layer in plain PyTorch: what the fused kernels must equal. Any k by one butterfly.

Logic 0 is s = +1 and logic 1 is s = -1; `z = sum_i theta_i prod_{j in i} s_j`, the relaxed output is
`sigmoid(-z / tau)` (WARP, arXiv 2602.03527; the sign is that of its Table 3) and the hard output is `z < 0`.
"""

from __future__ import annotations

import math

import torch

from warp2hdl.kernels.noise import Key, logistic


def walsh_hadamard(values: torch.Tensor) -> torch.Tensor:
    """The unnormalised Walsh-Hadamard transform over the last axis, of length 2**k: `[..., 2**k]` -> `[..., 2**k]`.

    Coefficients theta become the values of z at the 2**k addresses, and the other way round up to a factor 2**k.
    """
    k = values.shape[-1].bit_length() - 1
    lead = values.shape[:-1]
    for j in range(k):
        low, high = values.reshape(*lead, -1, 2, 1 << j).unbind(-2)
        values = torch.stack((low + high, low - high), -2).reshape(*lead, 1 << k)
    return values


def truth_tables(theta: torch.Tensor) -> torch.Tensor:
    """Hard truth tables of Walsh coefficients `[nodes, 2**k]` as bool `[nodes, 2**k]`, computed in float64."""
    return walsh_hadamard(theta.detach().double()) < 0


def walsh_polynomial(theta: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """The multilinear polynomial z.

    Args:
        theta: coefficients `[nodes, 2**k]`.
        s: inputs `[nodes, k, batch]`, +1 for logic 0 and -1 for logic 1, or anything between.

    Returns:
        z `[nodes, batch]`.
    """
    folded = theta[:, :, None]
    for j in reversed(range(s.shape[1])):
        low, high = folded.chunk(2, dim=1)
        folded = low + s[:, j, None, :] * high
    return folded[:, 0].expand(theta.shape[0], s.shape[2])


def walsh_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    theta: torch.Tensor,
    tau: float,
    noise: Key | None = None,
    *,
    linear: bool = False,
    limit: float = 0.0,
) -> torch.Tensor:
    """A relaxed layer of k-input nodes, differentiable by autograd.

    Args:
        x: inputs `[inputs, batch]` in [0, 1].
        fanins: int `[nodes, k]`, rows of `x`.
        theta: coefficients `[tables, 2**k]`; each run of `nodes / tables` nodes shares one.
        tau: temperature.
        noise: key of the Logistic(0, 1) noise added to -z before the division by tau, or None.
        linear: the output is `(1 - z) / 2` instead, the multilinear extension of a table of probabilities whose
            coefficients are the transform of `1 - 2 * probability`, divided by 2**k. Takes no tau, noise or limit.
        limit: above 0, `-z / tau` beyond plus or minus this counts as that much, and passes on the gradient there;
            the sigmoid is stretched about one half to reach 0 and 1 at it. 0 is no limit.

    Returns:
        Outputs `[nodes, batch]` in [0, 1].
    """
    theta = theta.repeat_interleave(len(fanins) // len(theta), 0)
    return activation(walsh_polynomial(theta, 1 - 2 * x[fanins.long()]), tau, noise, linear=linear, limit=limit)


def stretch(limit: float) -> float:
    """What `sigmoid(t) - 1/2` is multiplied by to be one half at `t = limit`; 1 if there is no limit (0)."""
    return 1 / math.tanh(limit / 2) if limit else 1.0


def activation(
    z: torch.Tensor, tau: float, noise: Key | None = None, *, linear: bool = False, limit: float = 0.0
) -> torch.Tensor:
    """What becomes of z `[nodes, batch]`; arguments as in `walsh_layer`."""
    if linear:
        return (1 - z) / 2
    if noise is not None:
        z = z - logistic(noise, *z.shape).to(z)
    t = -z / tau
    if not limit:
        return torch.sigmoid(t)
    t = t + (t.clamp(-limit, limit) - t).detach()
    return 0.5 + stretch(limit) * (torch.sigmoid(t) - 0.5)
