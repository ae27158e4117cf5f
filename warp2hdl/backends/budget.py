"""How many nodes a budget of look-ups has room for."""

from __future__ import annotations

import numpy as np

from warp2hdl.backends.design import build_design
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.ir.circuit import MAX_ARITY, Circuit, Groups, LutNetwork, Metadata


def nodes_within(max_luts: int, classes: int, comparators: int) -> int:
    """The most nodes of one layer that fit into a budget together with all that the circuit needs besides.

    Popcount and arg max are counted exactly, as the emitter builds them of look-ups of six inputs.

    Args:
        max_luts: the budget, everything inside.
        classes: the nodes divide evenly among them.
        comparators: look-ups of the encoder.

    Raises:
        ConfigError: not even one node a class fits.
    """
    low, high = 0, max_luts // classes + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _lookups(middle, classes) + comparators <= max_luts else (low, middle)
    if not low:
        least = _lookups(1, classes) + comparators
        raise ConfigError(f"{max_luts} look-ups are too few for {classes} classes; give at least {least}.")
    return low * classes


def comparators_of(encoder: Encoder) -> int:
    """The most look-ups that an encoder of at most six-bit comparisons can take: one a bit but for the words' own."""
    middle = np.uint32(1) << (encoder.feature_bits[encoder.bit_feature].astype(np.uint32) - np.uint32(1))
    return int((encoder.bit_threshold != middle).sum())


def _lookups(each: int, classes: int) -> int:
    """Look-ups of a circuit of `each` six-input nodes a class, without an encoder."""
    nodes = each * classes
    inputs = nodes + MAX_ARITY - 1
    windows = np.arange(nodes)[:, None] + np.arange(MAX_ARITY)
    fanins = windows.reshape(-1).astype(np.int32)
    # The middle of a two-bit word is one of its bits: its comparator is no look-up.
    encoder = Encoder(
        np.full(inputs, 2, np.uint8),
        np.ones(inputs),
        np.zeros(inputs),
        np.arange(inputs, dtype=np.int32),
        np.full(inputs, 2, np.uint32),
    )
    tables = np.full(nodes, 0x6996_9669_9669_6996, np.uint64)
    network = LutNetwork(
        inputs,
        np.arange(nodes + 1, dtype=np.int64) * MAX_ARITY,
        fanins,
        tables,
        np.arange(inputs, inputs + nodes, dtype=np.int32),
    )
    names = tuple(f"x{i}" for i in range(inputs)), tuple(f"c{c}" for c in range(classes))
    circuit = Circuit(encoder, network, Groups.equal(classes, nodes), Metadata("budget", *names))
    return sum(build_design(circuit).lookups().values())
