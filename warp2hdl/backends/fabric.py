"""A layer of the LUT fabric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from warp2hdl.backends.block import Block, lut
from warp2hdl.backends.netlist import Node


class LayerBlock(Block):
    """All nodes of one logic level, and the signals that pass it by.

    Ports:
        x (In, `len(reads)`): the signals that are alive before the layer.
        y (Out, `len(writes)`): the signals that are alive behind it: its nodes, and those of `x` that are read later.

    Args:
        number: which layer, from 1.
        nodes: the nodes of the layer.
        reads: signal numbers of the bits of `x`.
        writes: signal numbers of the bits of `y`.
        registered: whether a register follows.
    """

    def __init__(
        self, number: int, nodes: Sequence[Node], reads: Sequence[int], writes: Sequence[int], registered: bool
    ) -> None:
        self.block_name = f"layer_{number}"
        self.nodes = tuple(nodes)
        self.reads = tuple(reads)
        self.writes = tuple(writes)
        self.clocked = registered
        passing = len(self.writes) - len({node.signal for node in self.nodes} & set(self.writes))
        self.summary = f"Layer {number}: {len(self.nodes)} look-ups" + (
            f", {passing} signals pass by." if passing else "."
        )
        super().__init__({"x": In(len(self.reads)), "y": Out(len(self.writes))})

    def evaluate(self, x: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Bits `[batch, reads]` -> bits `[batch, writes]`."""
        signals = dict(zip(self.reads, x.T, strict=True))
        for node in self.nodes:
            address = sum(signals[s].astype(np.uint64) << np.uint64(j) for j, s in enumerate(node.fanins))
            signals[node.signal] = (np.uint64(node.table) >> address & np.uint64(1)).astype(np.bool_)
        return np.stack([signals[s] for s in self.writes], axis=1)

    def elaborate(self, platform: object) -> Module:
        """Builds one look-up a node, called `n<node number>`."""
        m = Module()
        signals = {signal: self.x[i] for i, signal in enumerate(self.reads)}
        found = {
            node.signal: lut(m, platform, f"n{node.index}", node.table, [signals[s] for s in node.fanins])
            for node in self.nodes
        }
        signals |= found
        # One assignment of the whole vector: bit by bit, Amaranth's time is quadratic.
        m.d[("sync" if self.clocked else "comb")] += self.y.eq(Cat(signals[s] for s in self.writes))
        return m
