"""The expected number of look-ups of the circuit that a network in training would become, as a term of the loss.

Every table entry and every choice of an input is taken as a random event of its own: an entry is 1 with the probability
that the relaxed node gives there, and a connection reads a candidate with the softmax of the wiring's weights. Where
all of these are 0 or 1 the expectation is the count itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import stretch, walsh_hadamard
from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.nn.thresholds import Thresholds

LUT_INPUTS = 6
INTERVAL = 8
"""Only every so many steps of training count the area, and so many times: it changes slowly and takes as long as a step
(lazy regularisation, Karras et al., arXiv 1912.04958)."""

_SPREAD = 4.0  # the wiring's softmax: a candidate as many learning rates behind is e times less likely
_LEAST = 1e-6  # factors of a product stay above, so that their logarithms and slopes are finite in float32


def comparator_luts(bits: int) -> npt.NDArray[np.int64]:
    """Look-ups of six inputs that `word >= threshold` takes, by threshold, as the emitter builds it.

    Trailing zeros of the threshold are bits that are not read; a comparator of one bit is a wire. What one look-up
    cannot hold is compared from the low bits up, five bits at a time. Low parts that comparators share count for each.

    Args:
        bits: the word's width, at least 1.

    Returns:
        int64 `[2**bits]`; the threshold 0, which none has, costs nothing.
    """
    thresholds = np.arange(1 << bits)
    read = bits - np.log2(np.maximum(thresholds & -thresholds, 1)).astype(np.int64)
    found = (read > 1).astype(np.int64)
    if bits > LUT_INPUTS:
        split = bits - (LUT_INPUTS - 1)
        below = comparator_luts(split)[thresholds % (1 << split)]
        found += np.where(read > LUT_INPUTS, below, 0)
    found[0] = 0
    return found


def encoder_luts(encoder: Encoder) -> npt.NDArray[np.int64]:
    """Look-ups of each bit's comparator, int64 `[bits]`."""
    widths = encoder.feature_bits[encoder.bit_feature]
    found = np.zeros(encoder.bits, np.int64)
    for width in np.unique(widths).tolist():
        own = widths == width
        found[own] = comparator_luts(width)[encoder.bit_threshold[own]]
    return found


@dataclass(frozen=True)
class Parts:
    """Expected look-ups, scalars.

    Attributes:
        encoder: of the comparators that a node reads.
        fabric: nodes that depend on two inputs or more; wires and inverters are part of what reads them.
        popcount: votes that are not constant, one look-up each.
    """

    encoder: torch.Tensor
    fabric: torch.Tensor
    popcount: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """All of them."""
        return self.encoder + self.fabric + self.popcount


class ExpectedArea:
    """The expected look-ups of a network of dense layers, differentiable in tables and learned wiring.

    A signal is built if a node that is built itself reads it: with probability `1 - prod(1 - alive * depends * reads)`
    over the connections that may read it. `depends` is the probability that the node's table differs in some pair of
    entries that differ in that input: to the first order the sum over these pairs, which is `2**(k - 1)` times the
    input's influence, a sum of squared Walsh coefficients (O'Donnell, Analysis of Boolean Functions, section 2.2).
    For a comparator that costs as many look-ups as `comparator_luts` says, for a node of two inputs and more one; every
    vote that is not constant costs the popcount about one more. That two nodes are equal, or an input constant, is
    left to the passes, so that the count of a circuit is at most that of its hard network.

    Args:
        model: the layers and the GroupSum, behind a `Thresholds` where thresholds are learned.
        encoder: makes the bits; learned thresholds cost as much as they do when they are asked.
        settings: `area_weight`, and `wiring_learning_rate`, which says what of the wiring is settled: a candidate
            that is four steps of Adam behind another is e times less likely.

    Raises:
        ConfigError: an area is asked for, and a layer is not dense.
    """

    def __init__(self, model: torch.nn.Sequential, encoder: Encoder, settings: TrainingConfig) -> None:
        self._weight = settings.area_weight
        self._temperature = _SPREAD * settings.wiring_learning_rate
        self._thresholds = model[0] if isinstance(model[0], Thresholds) else None
        self._encoder = encoder
        self._layers: list[LogicLayer] = []
        if not self.active:
            return
        for layer in model:
            if type(layer) is LogicLayer:
                self._layers.append(layer)
            elif not isinstance(layer, (GroupSum, Thresholds)):
                raise ConfigError(
                    f"training.area_weight is {self._weight}, but no area is known of layers over images; set it to 0, "
                    "or take dense layers."
                )
        self._costs = torch.from_numpy(encoder_luts(encoder))

    @property
    def active(self) -> bool:
        """Whether the area counts."""
        return self._weight > 0

    def __call__(self) -> torch.Tensor:
        """What the area adds to the loss: `area_weight` nats a look-up, a scalar."""
        return self._weight * self.parts().total

    def parts(self) -> Parts:
        """The expected look-ups now."""
        last = self._layers[-1]
        alive = torch.ones(last.out_dim, dtype=last.weight.dtype, device=last.weight.device)
        fabric = popcount = alive.new_zeros(())
        for layer in reversed(self._layers):
            tables = _Tables.of(layer)
            if layer is last:
                popcount = (1 - tables.constant).sum()
            fabric = fabric + (alive * tables.several).sum()
            alive = self._read(layer, alive[:, None] * tables.depends())
        return Parts((alive * self._comparators().to(alive)).sum(), fabric, popcount)

    def prices(self) -> torch.Tensor:
        """What the loss rises if one more connection reads a comparator, `[bits]`: nothing for one that is built."""
        with torch.no_grad():
            first = self._layers[0]
            alive = first.weight.new_ones(first.out_dim)
            unread = 1 - self._read(first, alive[:, None] * _Tables.of(first).depends())
            return self._weight * unread * self._comparators().to(unread)

    def _comparators(self) -> torch.Tensor:
        """Look-ups of each bit's comparator now, int64 `[bits]`."""
        if self._thresholds is None:
            return self._costs
        return torch.from_numpy(encoder_luts(self._thresholds.encoder()))

    def _read(self, layer: LogicLayer, connected: torch.Tensor) -> torch.Tensor:
        """With which probability each input is read, `[in_dim]`; `connected`: a node's on each slot, `[nodes, k]`."""
        unread = connected.new_zeros(layer.in_dim)
        if layer.wiring != "learned":
            logs = torch.log((1 - connected).clamp(min=_LEAST))
            return 1 - unread.index_add(0, layer.fanins.reshape(-1).long(), logs.reshape(-1)).exp()
        chosen = torch.softmax(layer.wiring_weight / self._temperature, -1)
        logs = torch.log((1 - connected[..., None] * chosen).clamp(min=_LEAST))
        if layer.candidate_inputs is None:
            return 1 - logs.sum((0, 1)).exp()
        return 1 - unread.index_add(0, layer.candidate_inputs.reshape(-1).long(), logs.reshape(-1)).exp()


@dataclass(frozen=True)
class _Tables:
    """A layer's tables as independent random entries.

    Attributes:
        bias: `[nodes, 2**k]`, the probability of 0 less that of 1, at each address.
        constant: `[nodes]`, the probability that all entries are equal.
        several: `[nodes]`, the probability that the table depends on two inputs or more.
    """

    bias: torch.Tensor
    constant: torch.Tensor
    several: torch.Tensor

    @classmethod
    def of(cls, layer: LogicLayer) -> _Tables:
        """The tables that a layer's relaxed nodes stand for now."""
        rule = RELAXATIONS[layer.relaxation]
        transform, halves = _matrices(layer.arity, layer.weight.dtype, layer.weight.device)
        z = rule.coefficients(layer.weight, layer.tau) @ transform
        # The logarithms of the probabilities of 0 and of 1.
        if rule.linear or layer.limit:
            bias = z if rule.linear else (stretch(layer.limit) * torch.tanh(z / layer.tau / 2)).clamp(-1, 1)
            zero, one = (torch.log(((1 + sign * bias) / 2).clamp(min=_LEAST)) for sign in (1, -1))
        else:
            z = z / layer.tau
            bias, zero = torch.tanh(z / 2), torch.nn.functional.logsigmoid(z)
            one = zero - z
        zeros, ones = zero @ halves, one @ halves
        k = layer.arity
        low, high = (zeros.exp() + ones.exp()).split(k, 1)
        constant = zeros[:, [0, k]].sum(1).exp() + ones[:, [0, k]].sum(1).exp()
        # Both halves constant: the table depends on that input alone, or on none.
        return cls(bias, constant, 1 - (low * high).sum(1) + (k - 1) * constant)

    def depends(self) -> torch.Tensor:
        """With which probability the table depends on each input, `[nodes, k]`."""
        nodes, entries = self.bias.shape
        found = []
        for j in range(entries.bit_length() - 1):
            low, high = self.bias.reshape(nodes, -1, 2, 1 << j).unbind(2)
            equal = ((low * high + 1) / 2).clamp(min=_LEAST)
            found.append(torch.log(equal).sum((1, 2)))
        return 1 - torch.stack(found, 1).exp()


@cache
def _matrices(k: int, dtype: torch.dtype, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The Walsh-Hadamard transform `[2**k, 2**k]`, and the addresses with each input 0, then 1, `[2**k, 2 * k]`."""
    bits = torch.arange(1 << k)[:, None] >> torch.arange(k) & 1
    transform = walsh_hadamard(torch.eye(1 << k, dtype=torch.float64))
    return transform.to(device, dtype), torch.cat([1 - bits, bits], 1).to(device, dtype)
