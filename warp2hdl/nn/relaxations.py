"""How a look-up table is relaxed: parameters of a node -> Walsh coefficients of a polynomial, and its hard table.

All relaxations are one polynomial of the inputs; they differ in what is trained and in how z becomes an output.
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
    def from_tables(self, tables: torch.Tensor, probability: torch.Tensor, tau: float) -> torch.Tensor:
        """Parameters `[nodes, n]` of nodes that mostly have given tables.

        Args:
            tables: bool `[nodes, 2**k]`.
            probability: `[nodes]`, with which a node gives its table's entry at each address.
            tau: temperature.
        """

    @abstractmethod
    def random(self, nodes: int, arity: int, tau: float, generator: torch.Generator | None) -> torch.Tensor:
        """Normally distributed parameters `[nodes, n]`."""

    @abstractmethod
    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """Walsh coefficients of z, `[nodes, 2**k]`, differentiable in the parameters `[nodes, n]`."""

    @abstractmethod
    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """Hard truth tables, bool `[nodes, 2**k]`."""

    @abstractmethod
    def perturbed(self, weight: torch.Tensor) -> torch.Tensor:
        """The parameters with a step's noise, drawn from torch's global generator."""

    def initial(self, nodes: int, arity: int, tau: float, residual: float) -> torch.Tensor:
        """Parameters `[nodes, n]` of nodes that pass on their first input with probability `residual`."""
        tables = (torch.arange(1 << arity) & 1).bool().expand(nodes, -1)
        return self.from_tables(tables, torch.full((nodes,), residual), tau)


class Walsh(Relaxation):
    """WARP (arXiv 2602.03527): the coefficients themselves; `sigmoid(-z / tau)`, hard `z < 0`."""

    linear = False

    def from_tables(self, tables: torch.Tensor, probability: torch.Tensor, tau: float) -> torch.Tensor:
        """The spectrum of z = plus or minus `tau * logit(probability)`: of a passed input, one coefficient."""
        spectrum = walsh_hadamard(1.0 - 2.0 * tables.float()) / tables.shape[1]
        return tau * torch.logit(probability)[:, None] * spectrum

    def random(self, nodes: int, arity: int, tau: float, generator: torch.Generator | None) -> torch.Tensor:
        """Coefficients that give z the deviation `tau` at every address, whatever the arity."""
        entries = 1 << arity
        return tau / math.sqrt(entries) * torch.randn(nodes, entries, generator=generator)

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The parameters."""
        return weight

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """The sign of the transform; 0 is logic 0."""
        return truth_tables(weight)

    def perturbed(self, weight: torch.Tensor) -> torch.Tensor:
        """The parameters as they are: WARP's noise is added to z, for each sample anew."""
        return weight


def _multilinear(probabilities: torch.Tensor) -> torch.Tensor:
    """Coefficients of z whose `(1 - z) / 2` is the multilinear extension of tables `[nodes, 2**k]`."""
    entries = probabilities.shape[-1]
    transform = walsh_hadamard(torch.eye(entries, dtype=probabilities.dtype, device=probabilities.device))
    return (1 - 2 * probabilities) @ (transform / entries)


def _gumbel(like: torch.Tensor) -> torch.Tensor:
    """Gumbel(0, 1) samples."""
    return -torch.empty_like(like).exponential_().log_()


class Multilinear(Relaxation):
    """LIGHT, or the input-wise parametrisation: a sigmoid in each of 2**k table entries, extended multilinearly."""

    linear = True

    def from_tables(self, tables: torch.Tensor, probability: torch.Tensor, tau: float) -> torch.Tensor:
        """Entries of plus or minus `tau * logit(probability)`."""
        return tau * torch.logit(probability)[:, None] * (2.0 * tables.float() - 1.0)

    def random(self, nodes: int, arity: int, tau: float, generator: torch.Generator | None) -> torch.Tensor:
        """Entries of deviation `tau`."""
        return tau * torch.randn(nodes, 1 << arity, generator=generator)

    def probabilities(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The entries `[nodes, 2**k]` as probabilities of logic 1."""
        return torch.sigmoid(weight / tau)

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The transform of the probabilities."""
        return _multilinear(self.probabilities(weight, tau))

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """1 where an entry is above one half."""
        return weight.detach() > 0

    def perturbed(self, weight: torch.Tensor) -> torch.Tensor:
        """Logistic noise on each entry's logit, the difference of the Gumbel noise of its two values."""
        return weight + (_gumbel(weight) - _gumbel(weight))


class Dwn(Multilinear):
    """Differentiable weightless nodes (arXiv 2410.11112): LIGHT's parameters; training looks up (`warp2hdl.nn.dwn`)."""


# Entry `a + 2 * b` of gate i, in the order of difflogic: 0, a and b, a and not b, a, ..., 1.
_PLACES = torch.tensor([3 - (2 * a + b) for b in (0, 1) for a in (0, 1)])
_GATES = (torch.arange(16)[:, None] >> _PLACES & 1).float()


class DiffLogic(Relaxation):
    """Difflogic (arXiv 2210.08277): a softmax over the 16 gates of two inputs; hard the likeliest gate."""

    linear = True

    def from_tables(self, tables: torch.Tensor, probability: torch.Tensor, tau: float) -> torch.Tensor:
        """A logit that gives the table's gate the probability.

        Raises:
            ConfigError: the arity is not 2.
        """
        _two_inputs(tables.shape[1].bit_length() - 1)
        gate = (tables.long() << _PLACES).sum(1, keepdim=True)
        logit = tau * (math.log(15) + torch.logit(probability))
        return torch.zeros(len(tables), 16).scatter_(1, gate, logit[:, None])

    def random(self, nodes: int, arity: int, tau: float, generator: torch.Generator | None) -> torch.Tensor:
        """Logits of deviation `tau`, as difflogic starts.

        Raises:
            ConfigError: the arity is not 2.
        """
        _two_inputs(arity)
        return tau * torch.randn(nodes, 16, generator=generator)

    def coefficients(self, weight: torch.Tensor, tau: float) -> torch.Tensor:
        """The transform of the expected table."""
        return _multilinear(torch.softmax(weight / tau, -1) @ _GATES.to(weight))

    def tables(self, weight: torch.Tensor) -> torch.Tensor:
        """The table of the gate with the largest logit, the first among equals."""
        return _GATES.to(weight.device)[weight.detach().argmax(-1)] > 0.5

    def perturbed(self, weight: torch.Tensor) -> torch.Tensor:
        """Gumbel noise on each gate's logit."""
        return weight + _gumbel(weight)


def _two_inputs(arity: int) -> None:
    if arity != 2:
        raise ConfigError(f"arity is {arity}; the relaxation difflogic has gates of 2 inputs only.")


RELAXATIONS: dict[str, Relaxation] = {
    "walsh": Walsh(),
    "multilinear": Multilinear(),
    "difflogic": DiffLogic(),
    "dwn": Dwn(),
}
