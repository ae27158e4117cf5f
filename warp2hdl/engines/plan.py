"""What an engine computes, worked out once from a circuit: comparators, nodes over slots, outputs to count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from warp2hdl.engines.arrange import arrange
from warp2hdl.engines.cover import cover
from warp2hdl.engines.schedule import Program, schedule
from warp2hdl.engines.simplify import Nodes, simplify
from warp2hdl.ir import Circuit

GROUP = 64
"""Comparators of a group, and how far apart their features may lie."""


@dataclass(frozen=True)
class Plan:
    """A circuit as it is computed.

    Attributes:
        bits: int64 `[comparators]`, those of the encoder's bits that are read, by feature.
        features: int64 `[comparators]`, the feature each of them looks at.
        planes: int64 `[comparators]`, the slot of each: 64 slots a group, whose features lie within 64 of each other.
        program: the nodes.
        bias: int64 `[classes]`.
        score_bits: the width of a score.
    """

    bits: npt.NDArray[np.int64]
    features: npt.NDArray[np.int64]
    planes: npt.NDArray[np.int64]
    program: Program
    bias: npt.NDArray[np.int64]
    score_bits: int


def make_plan(circuit: Circuit, *, pairs: bool) -> Plan:
    """Simplifies and orders a circuit.

    Args:
        circuit: a valid circuit.
        pairs: whether the CPU has an instruction for any function of three inputs, and two of them make a larger one.
    """
    nodes, varying, ones = simplify(circuit.network)
    if pairs:
        nodes = arrange(cover(nodes))
    bits = _read(nodes)
    bits = bits[np.lexsort((bits, circuit.encoder.bit_feature[bits]))]
    slots = np.full(nodes.inputs, -1, np.int32)
    features = circuit.encoder.bit_feature[bits].astype(np.int64)
    planes, reserved = _planes(features)
    slots[bits] = planes
    groups = circuit.groups
    classes = np.repeat(np.arange(groups.classes), groups.sizes)
    program = schedule(nodes, slots, reserved, classes[varying])
    bias = groups.bias + np.bincount(classes[ones], minlength=groups.classes)
    return Plan(bits, features, planes, program, bias, groups.score_bits)


def _planes(features: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """Slots of comparators of ascending features, and how many slots their groups take."""
    planes = np.empty(len(features), np.int64)
    start = group = 0
    while start < len(features):
        stop = min(start + GROUP, int(np.searchsorted(features, features[start] + GROUP)))
        planes[start:stop] = group * GROUP + np.arange(stop - start)
        start, group = stop, group + 1
    return planes, group * GROUP


def _read(nodes: Nodes) -> npt.NDArray[np.int64]:
    """The inputs that a node or an output reads."""
    read = np.zeros(nodes.signals, np.bool_)
    read[nodes.fanins] = True
    read[nodes.outputs] = True
    return np.flatnonzero(read[1 : nodes.first])
