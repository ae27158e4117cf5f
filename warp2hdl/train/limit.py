"""A limit to how sure a WARP node may become, so that it goes on passing gradients to its inputs.

Between two neighbouring addresses, where z has the values z1 and z2, the output's slope in the input that differs is
`p (1 - p) (z1 - z2) / tau`, which vanishes as the values grow; a node of bounded entries (LIGHT) passes on up to 1
however sure it is. Projecting the coefficients after every step, such that z stays within a limit at every address,
keeps the slopes: with `|z| <= 3 tau` a node that passes an input on has one of 0.27.
"""

from __future__ import annotations

import torch

from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn import LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS, Walsh


class LogitLimit:
    """Keeps z of every `walsh` node within plus or minus `limit * tau` at all its addresses.

    Args:
        model: the network.
        limit: the most, 0 for none.
    """

    def __init__(self, model: torch.nn.Module, limit: float) -> None:
        self._limit = limit
        layers = [m for m in model.modules() if isinstance(m, LogicLayer) and limit and _is_walsh(m)]
        self._layers = [(layer, walsh_hadamard(torch.eye(1 << layer.arity).to(layer.weight))) for layer in layers]

    @torch.no_grad()
    def apply(self) -> None:
        """Projects the coefficients: clips the node's 2**k values of z, and transforms them back."""
        for layer, transform in self._layers:
            bound = self._limit * layer.tau
            values = layer.weight @ transform
            torch.mm(values.clamp_(-bound, bound), transform / len(transform), out=layer.weight.data)


def _is_walsh(layer: LogicLayer) -> bool:
    return isinstance(RELAXATIONS[layer.relaxation], Walsh)
