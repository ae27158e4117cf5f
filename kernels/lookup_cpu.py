"""Hard LUT layers for CPUs: truth tables at bits, one byte a bit. Rows are signals and columns are samples."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from warp2hdl.kernels import threads
from warp2hdl.kernels.vector import I8, I32, I64, POINTER, Function, Program, Vector, lanes, matrix

Array = npt.NDArray[Any]


@cache
def _kernel(arity: int) -> Function:
    """Each table is folded by its inputs, a multiplexer at a time, for as many samples as a vector has bytes."""
    bounds = [(name, I64) for name in ("node_start", "node_stop", "columns")]
    pairs = [pair for name in ("x", "y") for pair in ((name, POINTER), (f"{name}_stride", I64))]
    p = Program([("fanins", POINTER), ("tables", POINTER), ("run", I64), *bounds, *pairs])
    b = p.builder
    width = 4 * lanes()
    kind = ir.VectorType(I8, width)
    with p.loop(p["node_start"], p["node_stop"], 1) as (node, _):
        edges = [b.add(b.mul(node, I64(arity)), I64(j)) for j in range(arity)]
        inputs = [b.sext(p.load(p.index(p["fanins"], edge, 4), I32), I64) for edge in edges]
        rows = [b.gep(p["x"], [b.mul(number, p["x_stride"])]) for number in inputs]
        first = b.mul(b.sdiv(node, p["run"]), I64(1 << arity))
        entries = [p.load(b.gep(p["tables"], [b.add(first, I64(i))]), I8) for i in range(1 << arity)]
        y = b.gep(p["y"], [b.mul(node, p["y_stride"])])

        def at(column: ir.Value, row: ir.Value) -> ir.Value:
            return b.bitcast(b.gep(row, [column]), kind.as_pointer())

        with p.loop(I64(0), p["columns"], width) as (column, _):
            values = [p.spread(entry, width) for entry in entries]
            for j in reversed(range(arity)):
                chosen = 0 - Vector(b, b.load(at(column, rows[j]), align=1))
                values = [values[i] ^ (chosen & (values[i] ^ values[i + (1 << j)])) for i in range(1 << j)]
            b.store(values[0].value, at(column, y), align=1)
    return p.compile()


def look_up(bits: Array, fanins: Array, tables: Array) -> Array:
    """Table entries uint8 `[nodes, batch]`.

    Args:
        bits: uint8 `[inputs, batch]`, 0 or 1.
        fanins: int32 `[nodes, k]`, rows of `bits`.
        tables: uint8 `[tables, 2**k]`, 0 or 1; runs of `nodes / tables` nodes share one.
    """
    nodes, arity = fanins.shape
    width = 4 * lanes()
    batch = bits.shape[1]
    columns = -(-batch // width) * width
    padded = bits
    if columns != batch or bits.strides[1] != 1:
        padded = np.zeros((len(bits), columns), np.uint8)
        padded[:, :batch] = bits
    y = np.empty((nodes, columns), np.uint8)
    shared = (fanins.ctypes.data, tables.ctypes.data, max(nodes // max(len(tables), 1), 1))
    kernel = _kernel(arity)
    threads.run(
        [
            partial(kernel, *shared, first, last, columns, *matrix(padded), *matrix(y))
            for first, last in threads.split(nodes)
        ]
    )
    return y[:, :batch]
