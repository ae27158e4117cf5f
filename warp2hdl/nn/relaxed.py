"""The relaxed forward pass of a layer of any relaxation and sampling: what training runs."""

from __future__ import annotations

import torch

from warp2hdl.kernels import walsh_reference
from warp2hdl.kernels.noise import draw_key
from warp2hdl.nn import dwn, functional
from warp2hdl.nn.learned import select_inputs
from warp2hdl.nn.relaxations import RELAXATIONS, Dwn

SAMPLINGS = ("soft", "hard", "gumbel-soft", "gumbel-hard")


def relaxed_layer(
    x: torch.Tensor,
    fanins: torch.Tensor,
    weight: torch.Tensor,
    *,
    relaxation: str,
    sampling: str,
    tau: float,
    candidates: torch.Tensor | None = None,
    wiring: torch.Tensor | None = None,
    reference: bool = False,
) -> torch.Tensor:
    """The outputs of a layer in training.

    Args:
        x: inputs `[inputs, batch]`: float32 in [0, 1], or uint8 bits, which take no gradient.
        fanins: int32 `[nodes, k]`, rows of `x`.
        weight: parameters `[tables, n]`; `nodes` is a multiple of `tables`, and as many consecutive nodes share each.
        relaxation: key of `RELAXATIONS`.
        sampling: one of `SAMPLINGS`. `dwn` always passes on bits.
        tau: temperature.
        candidates: int32 `[nodes, k, candidates]`, rows of `x` that compete for each fan-in; None with `wiring` given
            means all of them.
        wiring: `[nodes, k, candidates]`, their weights; None is fixed wiring.
        reference: whether the plain PyTorch path runs in place of the fused kernels.

    Returns:
        Outputs `[nodes, batch]` in [0, 1], float32.
    """
    rule = RELAXATIONS[relaxation]
    noisy = sampling.startswith("gumbel")
    if noisy:
        weight = rule.perturbed(weight)
    if wiring is not None and (candidates is None or isinstance(rule, Dwn) or reference):
        x, fanins = select_inputs(x, fanins, candidates, wiring)
        candidates = wiring = None
    if isinstance(rule, Dwn):
        run = len(fanins) // len(weight)
        entries, tables = rule.probabilities(weight, tau), rule.tables(weight)
        return dwn.look_up(x, fanins, entries.repeat_interleave(run, 0), tables.repeat_interleave(run, 0))
    theta = rule.coefficients(weight, tau)
    noise = draw_key() if noisy and not rule.linear else None
    hard = sampling.endswith("hard")
    if reference:
        y = walsh_reference.walsh_layer(x.float(), fanins, theta, tau, noise, linear=rule.linear)
        return y + (y.round() - y).detach() if hard else y
    return functional.walsh_layer(
        x,
        fanins,
        theta,
        tau,
        noise=noise,
        hard=hard,
        linear=rule.linear,
        candidates=candidates,
        wiring=wiring,
    )
