"""What a pass is, and the small edits that passes share."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork


class Pass(Protocol):
    """Takes a valid circuit and returns a valid, equivalent one; the very same object where nothing changes."""

    @property
    def name(self) -> str:
        """What reports call the pass."""

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""


def with_network(circuit: Circuit, network: LutNetwork, groups: Groups | None = None) -> Circuit:
    """The circuit with another network and, if given, other groups; the same object if these are equal."""
    changed = replace(circuit, network=network, groups=groups or circuit.groups)
    before, after = circuit.arrays(), changed.arrays()
    same = all(before[name] is after[name] or np.array_equal(before[name], after[name]) for name in before)
    return circuit if same else changed


def look_ups(network: LutNetwork) -> int:
    """Nodes of two and more fan-ins; wires and inverters become part of what they feed."""
    return int((network.arities > 1).sum())


def is_worth_it(saved: int, network: LutNetwork) -> bool:
    """Whether so many look-ups less are worth another round of the slow passes: at least one, and 0.2 % of them."""
    return saved >= max(1, look_ups(network) / 500)


def keep_outputs(circuit: Circuit, kept: npt.NDArray[np.bool_], bias: npt.NDArray[np.bool_]) -> Groups:
    """Groups without some outputs.

    Args:
        circuit: the circuit as it is.
        kept: bool `[outputs]`, those that stay.
        bias: bool `[outputs]`, those that count one for their class whatever the input.
    """
    groups = circuit.groups

    def count(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(mask)]).astype(np.int64)[groups.offsets]

    return Groups(count(kept), groups.bias + np.diff(count(bias)))


def keep_bits(encoder: Encoder, kept: npt.NDArray[np.bool_]) -> Encoder:
    """The encoder with only the bits that `kept`, bool `[bits]`, marks; all features stay."""
    return replace(encoder, bit_feature=encoder.bit_feature[kept], bit_threshold=encoder.bit_threshold[kept])
