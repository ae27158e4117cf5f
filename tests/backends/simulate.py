"""Blocks in Amaranth's own simulator."""

from collections.abc import Mapping, Sequence

import numpy as np
from amaranth.sim import Simulator

from warp2hdl.backends.block import Block


def pack(values: np.ndarray, width: int) -> list[int]:
    """Values `[batch, n]` -> one integer a sample, value 0 in the lowest `width` bits."""
    return [sum(int(v) << (i * width) for i, v in enumerate(row)) for row in values]


def run_block(block: Block, port: str, inputs: Sequence[int], out: str, latency: int = 0) -> list[int]:
    """Feeds a sample a cycle into `port`; returns what `out` is `latency` cycles later."""
    found = []

    async def bench(ctx):
        for i in range(len(inputs) + latency):
            ctx.set(getattr(block, port), inputs[min(i, len(inputs) - 1)])
            if not block.clocked:
                await ctx.delay(1e-9)
                found.append(ctx.get(getattr(block, out)))
                continue
            if i >= latency:
                found.append(ctx.get(getattr(block, out)))
            await ctx.tick()

    simulator = Simulator(block)
    if block.clocked:
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def run_stream(block: Block, samples: Sequence[Mapping[str, int]]) -> list[tuple[int, int, int]]:
    """Sets the top's inputs cycle by cycle; returns (out_valid, out_class, out_scores) before each edge."""
    found = []

    async def bench(ctx):
        for sample in samples:
            for name, value in sample.items():
                ctx.set(getattr(block, name), value)
            found.append((ctx.get(block.out_valid), ctx.get(block.out_class), ctx.get(block.out_scores)))
            await ctx.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found
