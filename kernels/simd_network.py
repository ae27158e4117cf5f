"""LUT networks over bit planes, 512 samples at a time, on any CPU; and the loop over blocks of samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from warp2hdl.kernels.simd_target import LANES, Kernel, machine
from warp2hdl.kernels.vector import I32, I64, POINTER

MAX_ARITY = 6


@cache
def network(level: str) -> Callable[..., None]:
    """`network(signals, params)` computes the nodes of a network, in runs that share arity and table.

    `params`, int64: how many runs; the addresses of the runs (int64 `[runs, 5]`: arity, table, the first of its
    fan-ins, the first and one past the last of its nodes), of the fan-ins and of the nodes' targets (int32, bytes from
    `signals`).
    """
    p = Kernel((("signals", POINTER), ("params", POINTER)), level)
    b = p.builder
    runs, fanins, targets = (p.pointer(number) for number in (1, 2, 3))
    with p.loop(I64(0), p.parameter(0), 1) as (number, _):
        run = p.index(runs, number, 40)
        arity, table, edge, start, stop = (p.load(p.at(run, I64(8 * i)), I64) for i in range(5))
        after = p.function.append_basic_block("done")
        choice = b.switch(arity, after)
        for count in range(1, MAX_ARITY + 1):
            block = p.function.append_basic_block(f"arity{count}")
            choice.add_case(I64(count), block)
            b.position_at_end(block)
            _run(p, count, table, p.index(fanins, edge, 4), targets, (start, stop))
            b.branch(after)
        b.position_at_end(after)
    return p.compile(machine(level))


def _run(
    p: Kernel, arity: int, table: ir.Value, fanins: ir.Value, targets: ir.Value, bounds: tuple[ir.Value, ir.Value]
) -> None:
    """Nodes of one arity and table: what the first input decides by masks, the others by choosing between halves."""
    b = p.builder
    bits = [b.and_(b.lshr(table, I64(i)), I64(1)) for i in range(1 << arity)]
    masks = [(p.all_lanes(low), p.all_lanes(b.xor(low, high))) for low, high in zip(bits[::2], bits[1::2], strict=True)]
    with p.loop(bounds[0], bounds[1], 1) as (node, _):
        first = b.mul(b.sub(node, bounds[0]), I64(arity))
        places = [p.load(p.index(fanins, b.add(first, I64(j)), 4), I32) for j in range(arity)]
        inputs = [p.get(p.at(p["signals"], b.zext(place, I64))) for place in places]
        values = [b.xor(low, b.and_(inputs[0], change)) for low, change in masks]
        for chooser in inputs[1:]:
            values = [
                b.xor(low, b.and_(chooser, b.xor(low, high)))
                for low, high in zip(values[::2], values[1::2], strict=True)
            ]
        target = p.load(p.index(targets, node, 4), I32)
        p.put(values[0], p.at(p["signals"], b.zext(target, I64)))


@cache
def blocks(level: str) -> Callable[..., None]:
    """`blocks(x, out, signals, params)` runs three stages over blocks of 512 samples.

    `params`, int64: how many blocks; bytes from block to block of `x` and of `out`; then the addresses of the stages
    and of their parameters: `pack(x, signals, params)`, `network(signals, params)`, `count(signals, out, params)`.
    """
    p = Kernel((("x", POINTER), ("out", POINTER), ("signals", POINTER), ("params", POINTER)), level)
    b = p.builder
    x_step, out_step = p.parameter(1), p.parameter(2)
    stages = [(p.parameter(number), p.pointer(number + 1)) for number in (3, 5, 7)]
    with p.loop(I64(0), p.parameter(0), 1) as (block, _):
        x, out = (p.at(p[name], b.mul(block, step)) for name, step in (("x", x_step), ("out", out_step)))
        for (stage, params), places in zip(
            stages, ((x, p["signals"]), (p["signals"],), (p["signals"], out)), strict=True
        ):
            p.call_at(stage, *places, params)
    return p.compile(machine(level))


__all__ = ["LANES", "blocks", "network"]
