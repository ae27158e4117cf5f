"""Fused LUT layers for CPUs whose inputs are bits: the exact special case in which a node is a table look-up.

At inputs of 0 and 1 the Walsh polynomial takes only the 2**k values `w = walsh_hadamard(theta)`, so the layer is
one look-up per sample whatever the arity. Rows are signals and columns are samples. Results do not depend on the
number of threads.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from warp2hdl.kernels.walsh_cpu import parallel

Array = npt.NDArray[Any]


@parallel
def _addresses(bits: Array, fanins: Array, found: Array) -> None:
    for n in numba.prange(found.shape[0]):
        row = found[n]
        for b in range(len(row)):
            row[b] = 0
        for j in range(fanins.shape[1]):
            source = bits[fanins[n, j]]
            for b in range(len(row)):
                row[b] |= np.uint8(source[b] << np.uint8(j))


@parallel
def _look_up(tables: Array, addresses: Array, found: Array) -> None:
    for n in numba.prange(found.shape[0]):
        table = tables[n]
        row = addresses[n]
        for b in range(len(row)):
            found[n, b] = table[row[b]]


@parallel
def _scatter(addresses: Array, grad_z: Array, grad_tables: Array) -> None:
    for n in numba.prange(addresses.shape[0]):
        sums = grad_tables[n]
        row = addresses[n]
        for b in range(len(row)):
            sums[row[b]] += grad_z[n, b]


@parallel
def _edge_gradients(addresses: Array, tables: Array, grad_z: Array, found: Array) -> None:
    for n in numba.prange(addresses.shape[0]):
        table = tables[n]
        row = addresses[n]
        for j in range(found.shape[1]):
            bit = np.uint8(1 << j)
            mask = np.uint8(~bit)
            for b in range(len(row)):
                found[n, j, b] = grad_z[n, b] * (table[row[b] | bit] - table[row[b] & mask])


@parallel
def _candidate_gradients(signals: Array, candidates: Array, grad_edges: Array, found: Array) -> None:
    for n in numba.prange(candidates.shape[0]):
        for j in range(candidates.shape[1]):
            grad = grad_edges[n, j]
            for c in range(candidates.shape[2]):
                source = signals[candidates[n, j, c]]
                total = np.float32(0)
                for b in range(len(grad)):
                    total += grad[b] * np.float32(source[b])
                found[n, j, c] = total


def addresses(bits: Array, fanins: Array) -> Array:
    """Table addresses uint8 `[nodes, batch]` of bits uint8 `[inputs, batch]` through fan-ins `[nodes, k]`."""
    found = np.empty((len(fanins), bits.shape[1]), np.uint8)
    _addresses(bits, fanins, found)
    return found


def look_up(tables: Array, at: Array) -> Array:
    """Entries `[nodes, batch]` of tables `[nodes, 2**k]` of any type at addresses uint8 `[nodes, batch]`."""
    found = np.empty(at.shape, tables.dtype)
    _look_up(tables, at, found)
    return found


def table_gradients(at: Array, grad_z: Array, entries: int) -> Array:
    """Sums of `grad_z` `[nodes, batch]` by address: the gradient `[nodes, entries]` of the looked-up table."""
    found = np.zeros((len(at), entries), np.float32)
    _scatter(at, grad_z, found)
    return found


def edge_gradients(at: Array, tables: Array, grad_z: Array, arity: int) -> Array:
    """Gradients `[nodes, k, batch]` of the inputs: exact derivatives of the multilinear extension of the table."""
    found = np.empty((len(at), arity, at.shape[1]), np.float32)
    _edge_gradients(at, tables, grad_z, found)
    return found


def candidate_gradients(signals: Array, candidates: Array, grad_edges: Array) -> Array:
    """For each candidate of each input, its signal times the gradient of that input, summed over the batch.

    Args:
        signals: uint8 or float32 `[inputs, batch]`.
        candidates: int32 `[nodes, k, candidates]`, rows of `signals`.
        grad_edges: float32 `[nodes, k, batch]`.

    Returns:
        float32 `[nodes, k, candidates]`.
    """
    found = np.empty(candidates.shape, np.float32)
    _candidate_gradients(signals, candidates, grad_edges, found)
    return found
