"""How a look-up table is relaxed: parameters of a node -> Walsh coefficients of a polynomial, and its hard table.

All relaxations share one layer, `walsh_layer`; they differ in what is trained and in how z becomes an output.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import truth_tables, walsh_hadamard


class Relaxation(ABC):
    """One way to relax k-input nodes.

    Attributes:
        linear: whether the output is `(1 - z) / 2`, and not `sigmoid(-z / tau)`.
    """

    linear: ClassVar[bool]

    @abstractmethod
    def initial(self, nodes: int, arity: int, tau: float, residual: float) -> torch.Tensor:
        """Parameters `[nodes, n]` of nodes that pass on their first input with probability `residual`."""

    @abstractmethod
    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """Walsh coefficients of z, `[nodes, 2**k]`, differentiable in the parameters `[nodes, n]`."""

    @abstractmethod
    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """Hard truth tables, bool `[nodes, 2**k]`."""


class Walsh(Relaxation):
    """WARP (arXiv 2602.03527): the coefficients themselves; `sigmoid(-z / tau)`, hard `z < 0`."""

    linear = False

    def initial(self, nodes: int, arity: int, tau: float, residual: float) -> torch.Tensor:
        """One coefficient of `tau * logit(residual)`, the others 0."""
        weight = torch.zeros(nodes, 1 << arity)
        weight[:, 1] = tau * math.log(residual / (1 - residual))
        return weight

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The parameters."""
        return weight

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """The sign of the transform; 0 is logic 0."""
        return truth_tables(weight)


def _multilinear(probabilities: torch.Tensor) -> torch.Tensor:
    """Coefficients of z whose `(1 - z) / 2` is the multilinear extension of tables `[nodes, 2**k]`."""
    return walsh_hadamard(1 - 2 * probabilities) / probabilities.shape[-1]


class Multilinear(Relaxation):
    """LIGHT, or the input-wise parametrisation: a sigmoid in each of 2**k table entries, extended multilinearly."""

    linear = True

    def initial(self, nodes: int, arity: int, tau: float, residual: float) -> torch.Tensor:
        """Entries of plus or minus `tau * logit(residual)` by the first input."""
        sign = torch.tensor([-1.0, 1.0]).repeat(1 << (arity - 1))
        return (sign * tau * math.log(residual / (1 - residual))).repeat(nodes, 1)

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The transform of the probabilities."""
        return _multilinear(torch.sigmoid(weight / tau))

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """1 where an entry is above one half."""
        return weight.detach() > 0


# Entry `a + 2 * b` of gate i, in the order of difflogic: 0, a and b, a and not b, a, ..., 1.
_GATES = torch.tensor([[float(i >> (3 - (2 * a + b)) & 1) for b in (0, 1) for a in (0, 1)] for i in range(16)])


class DiffLogic(Relaxation):
    """Difflogic (arXiv 2210.08277): a softmax over the 16 gates of two inputs; hard the likeliest gate."""

    linear = True

    def initial(self, nodes: int, arity: int, tau: float, residual: float) -> torch.Tensor:
        """A logit that gives the gate `a` the probability `residual`.

        Raises:
            ConfigError: the arity is not 2.
        """
        if arity != 2:
            raise ConfigError(f"arity is {arity}; the relaxation difflogic has gates of 2 inputs only.")
        weight = torch.zeros(nodes, 16)
        weight[:, 3] = tau * math.log(15 * residual / (1 - residual))
        return weight

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The transform of the expected table."""
        return _multilinear(torch.softmax(weight / tau, -1) @ _GATES.to(weight))

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """The table of the gate with the largest logit, the first among equals."""
        return _GATES.to(weight.device)[weight.detach().argmax(-1)] > 0.5


RELAXATIONS: dict[str, Relaxation] = {"walsh": Walsh(), "multilinear": Multilinear(), "difflogic": DiffLogic()}
