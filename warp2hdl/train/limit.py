"""A limit to z of WARP nodes, at which they are as sure as bits and still pass gradients to their inputs.

Between two neighbouring addresses, where z has the values z1 and z2, the slope of `p = sigmoid(-z / tau)` in the input
that differs is `p (1 - p) (z1 - z2) / tau`, which vanishes as the values grow; a node of bounded entries (LIGHT) passes
on up to 1 however sure it is. Projecting the coefficients after every step, such that z stays within a limit at every
address, keeps the slopes, and stretching the sigmoid about one half (`walsh_reference.stretch`) lets the node reach 0
and 1 at the limit. With `|z| <= L tau` the slope of a node that passes an input on is `L / sinh(L)` at a bit: 0.85 for
L = 1, 0.30 for 3. As L falls to 0 the node becomes LIGHT's with clipped entries in place of sigmoids.
"""

from __future__ import annotations

import torch

from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn import LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS, Walsh


class LogitLimit:
    """Keeps z of the `walsh` nodes of a network within plus or minus `limit * tau` of their layer at all addresses."""

    def __init__(self, model: torch.nn.Module) -> None:
        layers = [m for m in model.modules() if isinstance(m, LogicLayer) and m.limit and _is_walsh(m)]
        self._layers = [(layer, walsh_hadamard(torch.eye(1 << layer.arity).to(layer.weight))) for layer in layers]

    @torch.no_grad()
    def apply(self) -> None:
        """Projects the coefficients: clips the node's 2**k values of z, and transforms them back."""
        for layer, transform in self._layers:
            bound = layer.limit * layer.tau
            values = layer.weight @ transform
            torch.mm(values.clamp_(-bound, bound), transform / len(transform), out=layer.weight.data)


def _is_walsh(layer: LogicLayer) -> bool:
    return isinstance(RELAXATIONS[layer.relaxation], Walsh)
