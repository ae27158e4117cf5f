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
    limit: float = 0.0,
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
        limit: of `|z| / tau` of `walsh` nodes, at which outputs are 0 and 1; 0 is none.
        candidates: int32 `[nodes, k, candidates]`, rows of `x` that compete for each fan-in; None with `wiring` given
            means all of them.
        wiring: `[nodes, k, candidates]`, their weights; None is fixed wiring.
        reference: whether the plain PyTorch path runs in place of the fused kernels.

    Returns:
        Outputs `[nodes, batch]` in [0, 1], float32.
    """
    if wiring is not None and (reference or not has_kernels(relaxation, candidates, wiring)):
        x, fanins = select_inputs(x, fanins, candidates, wiring)
        candidates = wiring = None
    rule = RELAXATIONS[relaxation]
    if isinstance(rule, Dwn):
        weight = rule.perturbed(weight) if sampling.startswith("gumbel") else weight
        run = len(fanins) // len(weight)
        entries, tables = rule.probabilities(weight, tau), rule.tables(weight)
        return dwn.look_up(x, fanins, entries.repeat_interleave(run, 0), tables.repeat_interleave(run, 0))
    layer = prepared(
        fanins,
        weight,
        relaxation=relaxation,
        sampling=sampling,
        tau=tau,
        limit=limit,
        candidates=candidates,
        wiring=wiring,
    )
    if not reference:
        return functional.walsh_layers(x, [layer])
    y = walsh_reference.walsh_layer(
        x.float(), fanins, layer.theta, tau, layer.noise, linear=layer.linear, limit=layer.limit
    )
    return y + (y.round() - y).detach() if layer.hard else y


def has_kernels(relaxation: str, candidates: torch.Tensor | None, wiring: torch.Tensor | None) -> bool:
    """Whether the fused kernels compute the whole of a layer; arguments as in `relaxed_layer`."""
    return not isinstance(RELAXATIONS[relaxation], Dwn) and (wiring is None or candidates is not None)


def prepared(
    fanins: torch.Tensor,
    weight: torch.Tensor,
    *,
    relaxation: str,
    sampling: str,
    tau: float,
    limit: float = 0.0,
    candidates: torch.Tensor | None = None,
    wiring: torch.Tensor | None = None,
) -> functional.Relaxed:
    """A layer of any relaxation but `dwn`, as the fused kernels take it, with this step's noise.

    Arguments are those of `relaxed_layer`.
    """
    rule = RELAXATIONS[relaxation]
    noisy = sampling.startswith("gumbel")
    theta = rule.coefficients(rule.perturbed(weight) if noisy else weight, tau)
    return functional.Relaxed(
        fanins,
        theta,
        tau,
        noise=draw_key() if noisy and not rule.linear else None,
        hard=sampling.endswith("hard"),
        linear=rule.linear,
        limit=0.0 if rule.linear else limit,
        candidates=candidates,
        wiring=wiring,
    )
