"""Gradients of learned wiring for CPUs."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy.typing as npt
from llvmlite import ir

from warp2hdl.kernels import threads
from warp2hdl.kernels.chain import Stage
from warp2hdl.kernels.vector import F32, I8, I32, I64, POINTER, Function, Matrix, Program, Vector, lanes, sums

Array = npt.NDArray[Any]


@cache
def _kernel(bits: bool) -> Function:
    """As many candidates at once as a vector has lanes, so that each gradient is loaded once for all of them."""
    bounds = [(name, I64) for name in ("edge_start", "edge_stop", "count", "columns")]
    pairs = [pair for name in ("x", "grad") for pair in ((name, POINTER), (f"{name}_stride", I64))]
    p = Program([("candidates", POINTER), ("found", POINTER), *bounds, *pairs])
    b = p.builder
    size = 1 if bits else 4
    last = b.sub(p["count"], I64(1))

    def least(value: ir.Value) -> ir.Value:
        return b.select(b.icmp_signed("<", value, last), value, last)

    with p.loop(p["edge_start"], p["edge_stop"], 1) as (edge, _):
        first = b.mul(edge, p["count"])
        grads = p.index(p["grad"], b.mul(edge, p["grad_stride"]), 4)
        with p.loop(I64(0), p["count"], lanes()) as (block, _):
            places = [p.index(p["candidates"], b.add(first, least(b.add(block, I64(i)))), 4) for i in range(lanes())]
            numbers = [b.sext(p.load(place, I32), I64) for place in places]
            rows = [p.index(p["x"], b.mul(number, p["x_stride"]), size) for number in numbers]

            def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
                g = p.load_vector(p.index(grads, column, 4), mask)
                signals = [p.load_vector(p.index(row, column, size), mask, I8 if bits else F32) for row in rows]
                return [g * x for x in signals]

            total = sums(p.columns(I64(0), p["columns"], lanes(), step))
            p.store_vector(total, p.index(p["found"], b.add(first, block), 4), p.first_lanes(b.sub(p["count"], block)))
    return p.compile()


def stage(
    signals: Matrix, candidates: int, shape: tuple[int, ...], grad_edges: Matrix, found: int, batch: int, *, bits: bool
) -> Stage:
    """The calls that give each candidate's signal times the gradient of the input that it competes for, over the batch.

    Args:
        signals: uint8 or float32 `[inputs, batch]`.
        candidates: where their numbers are, int32 `[nodes, k, candidates]`, rows of `signals`.
        shape: of the candidates.
        grad_edges: float32 `[nodes * k, batch]`.
        found: where the sums go, float32 of the shape of the candidates.
        batch: samples.
        bits: whether the signals are uint8 bits, not float32.
    """
    nodes, arity, count = shape
    program = _kernel(bits)
    return [
        program.record(candidates, found, *part, count, batch, *signals, *grad_edges)
        for part in threads.split(nodes * arity)
    ]
