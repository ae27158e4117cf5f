"""A random circuit of a given shape, to measure what its emission costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from warp2hdl.ir import Circuit, LutNetwork

FEATURE_BITS = 8


def random_circuit(inputs: int, layers: Sequence[int], arity: int, classes: int, seed: int) -> Circuit:
    """8-bit features with a comparator each, dense layers and class scores.

    Args:
        inputs: features, and so comparators.
        layers: nodes in each layer; the last number is a multiple of `classes`.
        arity: inputs of each node.
        classes: how many class scores.
        seed: of wiring, tables and thresholds.
    """
    from warp2hdl.encode import Encoder
    from warp2hdl.ir import Circuit, Groups, Metadata

    rng = np.random.default_rng(seed)
    encoder = Encoder(
        np.full(inputs, FEATURE_BITS, np.uint8),
        np.ones(inputs),
        np.zeros(inputs),
        np.arange(inputs, dtype=np.int32),
        rng.integers(1, 1 << FEATURE_BITS, inputs).astype(np.uint32),
    )
    names = tuple(f"x{feature}" for feature in range(inputs))
    metadata = Metadata("bench", names, tuple(map(str, range(classes))))
    return Circuit(encoder, _network(rng, inputs, layers, arity), Groups.equal(classes, layers[-1]), metadata)


def _network(rng: np.random.Generator, inputs: int, layers: Sequence[int], arity: int) -> LutNetwork:
    """Nodes with random tables; as far as a layer has enough connections, each signal is read."""
    from warp2hdl.ir import LutNetwork

    fanins, first, previous = [], 0, inputs
    for width in layers:
        rounds = -(-width * arity // previous)
        wires = np.concatenate([rng.permutation(previous) for _ in range(rounds)])[: width * arity]
        fanins.append(wires + first)
        first, previous = first + previous, width
    nodes = sum(layers)
    tables = rng.integers(1, (1 << (1 << arity)) - 1, nodes, dtype=np.uint64)  # none of them constant
    outputs = np.arange(inputs + nodes - layers[-1], inputs + nodes, dtype=np.int32)
    offsets = np.arange(nodes + 1, dtype=np.int64) * arity
    return LutNetwork(inputs, offsets, np.concatenate(fanins).astype(np.int32), tables, outputs)
