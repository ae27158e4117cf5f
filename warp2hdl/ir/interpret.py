"""The definition of what a circuit computes: bit-parallel NumPy. Everything else must equal it bit for bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import Circuit, LutNetwork

_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_BATCH = 4096  # samples at a time: 64 words per signal
_NODES = 4096  # nodes of one arity at a time: bounds the 2**k operands of the multiplexer tree


def _lookup(tables: npt.NDArray[np.uint64], inputs: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Tables `[nodes]` at packed addresses `[nodes, arity, lanes]` -> packed outputs `[nodes, lanes]`.

    A tree of multiplexers, the last input choosing between the halves of the table.
    """
    arity = inputs.shape[1]
    bits = (tables[:, None] >> np.arange(1 << arity, dtype=np.uint64)) & np.uint64(1)
    leaves = (bits * _ONES)[:, :, None]
    for j in reversed(range(arity)):
        low, high = np.split(leaves, 2, axis=1)
        leaves = low ^ ((low ^ high) & inputs[:, j, None, :])
    return np.broadcast_to(leaves[:, 0], (len(tables), inputs.shape[2]))


def evaluate_network(network: LutNetwork, inputs: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """All signals of a network, bit-parallel over samples.

    Args:
        network: the network.
        inputs: uint64 `[inputs, lanes]`; each lane packs 64 samples.

    Returns:
        uint64 `[inputs + nodes, lanes]`, every signal.
    """
    lanes = inputs.shape[1]
    signals = np.empty((network.inputs + network.nodes, lanes), np.uint64)
    signals[: network.inputs] = inputs
    node_levels = network.levels[network.inputs :]
    # Nodes by (level, arity): each such run reads only signals that are there already.
    order = np.lexsort((network.arities, node_levels))
    keys = node_levels[order] * 8 + network.arities[order]
    for run in np.split(order, np.flatnonzero(np.diff(keys)) + 1) if len(order) else []:
        arity = int(network.arities[run[0]])
        for start in range(0, len(run), _NODES):
            nodes = run[start : start + _NODES]
            operands = signals[network.fanin_matrix(nodes, arity)]
            signals[network.inputs + nodes] = _lookup(network.tables[nodes], operands)
    return signals


def pack_bits(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Bits `[batch, signals]` -> uint64 `[signals, ceil(batch / 64)]`."""
    padded = np.zeros((bits.shape[1], -(-len(bits) // 64) * 64), np.bool_)
    padded[:, : len(bits)] = bits.T
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def _unpack(packed: npt.NDArray[np.uint64], batch: int) -> npt.NDArray[np.uint8]:
    """uint64 `[signals, lanes]` -> uint8 `[signals, batch]` of 0 and 1."""
    return np.unpackbits(np.ascontiguousarray(packed).view(np.uint8), axis=1, bitorder="little", count=batch)


def output_bits(circuit: Circuit, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.uint8]:
    """Feature words `[batch, features]` -> the network's output bits `[outputs, batch]`, 0 or 1."""
    signals = evaluate_network(circuit.network, pack_bits(circuit.encoder.to_bits(words)))
    return _unpack(signals[circuit.network.outputs], len(words))


def scores(circuit: Circuit, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.int64]:
    """Feature words `[batch, features]` -> class scores `[batch, classes]`."""
    groups = circuit.groups
    found = np.tile(groups.bias, (len(words), 1))
    filled = np.flatnonzero(groups.sizes)
    if not len(filled):
        return found
    for start in range(0, len(words), _BATCH):
        bits = output_bits(circuit, words[start : start + _BATCH])
        counts = np.add.reduceat(bits, groups.offsets[filled], axis=0, dtype=np.int64)
        found[start : start + _BATCH, filled] += counts.T
    return found


def classify(circuit: Circuit, words: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.int64]:
    """Feature words `[batch, features]` -> class ids `[batch]`; the lowest index wins a tie."""
    return np.argmax(scores(circuit, words), axis=1)
