"""LUT networks over bit planes, 512 samples at a time, on any CPU; and the loop over blocks of samples."""

from __future__ import annotations

from functools import cache

from llvmlite import ir

from warp2hdl.kernels.simd_target import Kernel, machine
from warp2hdl.kernels.vector import I32, I64, POINTER, Function

ADD = 7
"""The arity of a run that adds up outputs, one more than any node's."""


@cache
def network(level: str) -> Function:
    """`network(signals, params, vectors)` computes the nodes of a network, in runs that share arity and table.

    All of it is done for the samples at `signals`, then for those whose signals lie further on, `vectors` times.

    `params`, int64: how many runs; the addresses of the runs (int64 `[runs, 5]`: arity, table, the first of its
    fan-ins, the first and one past the last of its nodes), of the fan-ins and of the nodes' targets (int32, bytes from
    `signals`); the address of `simd_count.add`; bytes from vector to vector of all signals. A run of arity `ADD` calls
    that function; its table is the address of the parameters.
    """
    p = Kernel((("signals", POINTER), ("params", POINTER), ("vectors", I64)), level)
    b = p.builder
    runs, fanins, targets = (p.pointer(number) for number in (1, 2, 3))
    with p.loop(I64(0), p["vectors"], 1) as (vector, _), p.loop(I64(0), p.parameter(0), 1) as (number, _):
        signals = p.at(p["signals"], b.mul(vector, p.parameter(5)))
        run = p.index(runs, number, 40)
        arity, table, edge, start, stop = (p.load(p.at(run, I64(8 * i)), I64) for i in range(5))
        after = p.function.append_basic_block("done")
        choice = b.switch(arity, after)
        for count in range(1, ADD + 1):
            block = p.function.append_basic_block(f"arity{count}")
            choice.add_case(I64(count), block)
            b.position_at_end(block)
            if count == ADD:
                p.call_at(p.parameter(4), signals, b.inttoptr(table, POINTER))
            else:
                _run(p, signals, count, table, p.index(fanins, edge, 4), targets, (start, stop))
            b.branch(after)
        b.position_at_end(after)
    return p.compile(machine(level))


def _run(
    p: Kernel,
    signals: ir.Value,
    arity: int,
    table: ir.Value,
    fanins: ir.Value,
    targets: ir.Value,
    bounds: tuple[ir.Value, ir.Value],
) -> None:
    """Nodes of one arity and table: what the first input decides by masks, the others by choosing between halves."""
    b = p.builder
    bits = [b.and_(b.lshr(table, I64(i)), I64(1)) for i in range(1 << arity)]
    masks = [(p.all_lanes(low), p.all_lanes(b.xor(low, high))) for low, high in zip(bits[::2], bits[1::2], strict=True)]
    with p.loop(bounds[0], bounds[1], 1) as (node, _):
        first = b.mul(b.sub(node, bounds[0]), I64(arity))
        places = [p.load(p.index(fanins, b.add(first, I64(j)), 4), I32) for j in range(arity)]
        inputs = [p.get(p.at(signals, b.zext(place, I64))) for place in places]
        values = [b.xor(low, b.and_(inputs[0], change)) for low, change in masks]
        for chooser in inputs[1:]:
            values = [
                b.xor(low, b.and_(chooser, b.xor(low, high)))
                for low, high in zip(values[::2], values[1::2], strict=True)
            ]
        target = p.load(p.index(targets, node, 4), I32)
        p.put(values[0], p.at(signals, b.zext(target, I64)))


@cache
def blocks(level: str) -> Function:
    """`blocks(x, out, signals, params)` runs three stages over blocks of samples, a few vectors of 512 each.

    `params`, int64: how many vectors in all; how many a block has; bytes from vector to vector of all signals, of `x`
    and of `out`; then the addresses of the stages and of their parameters: `pack(x, signals, params)`,
    `network(signals, params, vectors)`, `count(signals, out, params)`.
    """
    p = Kernel((("x", POINTER), ("out", POINTER), ("signals", POINTER), ("params", POINTER)), level)
    b = p.builder
    total, most = p.parameter(0), p.parameter(1)
    pack, network, count = ((p.parameter(number), p.pointer(number + 1)) for number in (5, 7, 9))

    def at(name: str, number: int, vector: ir.Value) -> ir.Value:
        return p.at(p[name], b.mul(vector, p.parameter(number)))

    with p.loop(I64(0), b.sdiv(b.add(total, b.sub(most, I64(1))), most), 1) as (block, _):
        first = b.mul(block, most)
        left = b.sub(total, first)
        vectors = b.select(b.icmp_signed("<", left, most), left, most)
        with p.loop(I64(0), vectors, 1) as (vector, _):
            p.call_at(pack[0], at("x", 3, b.add(first, vector)), at("signals", 2, vector), pack[1])
        p.call_at(network[0], p["signals"], network[1], vectors)
        with p.loop(I64(0), vectors, 1) as (vector, _):
            p.call_at(count[0], at("signals", 2, vector), at("out", 4, b.add(first, vector)), count[1])
    return p.compile(machine(level))
