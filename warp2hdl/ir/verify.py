"""The invariants of a `Circuit`, one function each: what every other part may rely on."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from warp2hdl.encode import MAX_FEATURE_BITS
from warp2hdl.errors import VerifyError
from warp2hdl.ir.circuit import MAX_ARITY, Circuit

MAX_SIGNALS = 2**31 - 1
MAX_BIAS = 2**31 - 1

ARRAY_DTYPES: dict[str, np.dtype[np.generic]] = {
    "encoder.feature_bits": np.dtype(np.uint8),
    "encoder.scale": np.dtype(np.float64),
    "encoder.offset": np.dtype(np.float64),
    "encoder.bit_feature": np.dtype(np.int32),
    "encoder.bit_threshold": np.dtype(np.uint32),
    "network.inputs": np.dtype(np.int64),
    "network.fanin_offsets": np.dtype(np.int64),
    "network.fanins": np.dtype(np.int32),
    "network.tables": np.dtype(np.uint64),
    "network.outputs": np.dtype(np.int32),
    "groups.offsets": np.dtype(np.int64),
    "groups.bias": np.dtype(np.int64),
}
"""The type of every array of `Circuit.arrays()`; all of them are one-dimensional."""

Problem = str | None
Invariant = Callable[[Circuit], Problem]


def _first(bad: npt.NDArray[np.bool_]) -> int | None:
    """The first true place, or None."""
    place = int(np.argmax(bad)) if len(bad) else 0
    return place if len(bad) and bad[place] else None


def array_types(circuit: Circuit) -> Problem:
    """Every array has the declared type and one dimension."""
    arrays = circuit.arrays()
    for name, dtype in ARRAY_DTYPES.items():
        if name not in arrays:
            return f"{name} is not an array"
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            return f"{name} is {arrays[name].dtype} of shape {arrays[name].shape}, not {dtype} of one dimension"
    return None


def encoder_lengths(circuit: Circuit) -> Problem:
    """The encoder has a feature at least, and its arrays agree in length."""
    e = circuit.encoder
    if not len(e.feature_bits):
        return "there are no features"
    if not len(e.feature_bits) == len(e.scale) == len(e.offset):
        return f"feature_bits, scale and offset have lengths {len(e.feature_bits)}, {len(e.scale)}, {len(e.offset)}"
    if len(e.bit_feature) != len(e.bit_threshold):
        return f"bit_feature and bit_threshold have lengths {len(e.bit_feature)} and {len(e.bit_threshold)}"
    return None


def feature_bits(circuit: Circuit) -> Problem:
    """Feature words are 1 to 16 bits wide."""
    bits = circuit.encoder.feature_bits
    at = _first((bits < 1) | (bits > MAX_FEATURE_BITS))
    return None if at is None else f"feature {at} has {bits[at]} bits, not 1 to {MAX_FEATURE_BITS}"


def feature_scale(circuit: Circuit) -> Problem:
    """Scales are finite and positive, offsets finite."""
    e = circuit.encoder
    at = _first(~(np.isfinite(e.scale) & (e.scale > 0) & np.isfinite(e.offset)))
    return None if at is None else f"feature {at} has scale {e.scale[at]} and offset {e.offset[at]}"


def encoder_bits(circuit: Circuit) -> Problem:
    """Every encoder bit looks at a feature that exists."""
    e = circuit.encoder
    at = _first((e.bit_feature < 0) | (e.bit_feature >= e.features))
    return None if at is None else f"bit {at} looks at feature {e.bit_feature[at]} of {e.features}"


def thresholds(circuit: Circuit) -> Problem:
    """Every threshold is 1 to the largest word of its feature, so that no encoder bit is constant."""
    e = circuit.encoder
    top = (1 << e.feature_bits.astype(np.int64)[e.bit_feature]) - 1
    at = _first((e.bit_threshold < 1) | (e.bit_threshold > top))
    return None if at is None else f"bit {at} compares with {e.bit_threshold[at]}, not 1 to {top[at]}"


def network_inputs(circuit: Circuit) -> Problem:
    """The network's inputs are the encoder's bits."""
    if circuit.network.inputs != circuit.encoder.bits:
        return f"the network has {circuit.network.inputs} inputs, the encoder {circuit.encoder.bits} bits"
    return None


def fanin_offsets(circuit: Circuit) -> Problem:
    """The fan-in offsets start at 0, never fall, and end at the number of fan-ins."""
    n = circuit.network
    if len(n.fanin_offsets) != n.nodes + 1:
        return f"there are {len(n.fanin_offsets)} offsets for {n.nodes} nodes, not one more"
    if n.fanin_offsets[0] != 0 or n.fanin_offsets[-1] != len(n.fanins):
        return f"the offsets run from {n.fanin_offsets[0]} to {n.fanin_offsets[-1]}, not from 0 to {len(n.fanins)}"
    at = _first(n.fanin_offsets[1:] < n.fanin_offsets[:-1])
    return None if at is None else f"the offsets fall at node {at}"


def arity(circuit: Circuit) -> Problem:
    """A node has 0 to 6 fan-ins."""
    at = _first(circuit.network.arities > MAX_ARITY)
    return None if at is None else f"node {at} has {circuit.network.arities[at]} fan-ins, not 0 to {MAX_ARITY}"


def topological_order(circuit: Circuit) -> Problem:
    """A node reads signals that exist and come before it."""
    n = circuit.network
    if n.inputs + n.nodes > MAX_SIGNALS:
        return f"there are {n.inputs + n.nodes} signals, more than {MAX_SIGNALS}"
    own = np.repeat(np.arange(n.inputs, n.inputs + n.nodes), n.arities)
    at = _first((n.fanins < 0) | (n.fanins >= own))
    return None if at is None else f"node {own[at] - n.inputs} (signal {own[at]}) reads signal {n.fanins[at]}"


def table_masks(arities: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """uint64 of the shape of `arities`: the `2**arity` low bits that a table of that arity uses."""
    masks = np.array([(1 << (1 << k)) - 1 for k in range(MAX_ARITY + 1)], np.uint64)
    return masks[arities]


def table_width(circuit: Circuit) -> Problem:
    """A table of k inputs has no bits above 2**k."""
    n = circuit.network
    at = _first((n.tables & ~table_masks(n.arities)) != 0)
    return None if at is None else f"node {at} has {n.arities[at]} fan-ins and the table {int(n.tables[at]):#x}"


def outputs(circuit: Circuit) -> Problem:
    """Every output is a signal that exists."""
    n = circuit.network
    at = _first((n.outputs < 0) | (n.outputs >= n.inputs + n.nodes))
    return None if at is None else f"output {at} is signal {n.outputs[at]} of {n.inputs + n.nodes}"


def groups(circuit: Circuit) -> Problem:
    """There are two classes at least, and their groups cover the outputs in order."""
    g = circuit.groups
    if g.classes < 2:
        return f"there are {g.classes} classes, not at least 2"
    if len(g.offsets) != g.classes + 1:
        return f"there are {len(g.offsets)} offsets for {g.classes} classes, not one more"
    if g.offsets[0] != 0 or g.offsets[-1] != len(circuit.network.outputs):
        return f"the groups run from {g.offsets[0]} to {g.offsets[-1]}, not 0 to {len(circuit.network.outputs)} outputs"
    at = _first(g.offsets[1:] < g.offsets[:-1])
    return None if at is None else f"the offsets fall at class {at}"


def bias(circuit: Circuit) -> Problem:
    """Every class has a bias of 0 to 2**31 - 1."""
    found = circuit.groups.bias
    at = _first((found < 0) | (found > MAX_BIAS))
    return None if at is None else f"class {at} has the bias {found[at]}"


def names(circuit: Circuit) -> Problem:
    """The name is a Verilog identifier; every feature and every class has a name."""
    m = circuit.metadata
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", m.name):
        return f"the name {m.name!r} is not a Verilog identifier"
    if len(m.feature_names) != circuit.encoder.features:
        return f"there are {len(m.feature_names)} feature names for {circuit.encoder.features} features"
    if len(m.class_names) != circuit.groups.classes:
        return f"there are {len(m.class_names)} class names for {circuit.groups.classes} classes"
    return None


INVARIANTS: tuple[Invariant, ...] = (
    # Each may rely on those before it.
    array_types,
    encoder_lengths,
    feature_bits,
    feature_scale,
    encoder_bits,
    thresholds,
    network_inputs,
    fanin_offsets,
    arity,
    topological_order,
    table_width,
    outputs,
    groups,
    bias,
    names,
)


def verify(circuit: Circuit) -> None:
    """Checks every invariant.

    Raises:
        VerifyError: names the first invariant that does not hold, and the node, bit, feature or class.
    """
    for invariant in INVARIANTS:
        problem = invariant(circuit)
        if problem is not None:
            raise VerifyError(f"the circuit breaks the invariant {invariant.__name__}: {problem}.")
