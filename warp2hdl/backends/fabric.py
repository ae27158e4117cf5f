"""A block of look-ups: its share of the netlist, with the registers behind its own signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from warp2hdl.backends.block import WrittenBlock, lut
from warp2hdl.backends.graph import Node
from warp2hdl.backends.lookups import (
    Lookup,
    VectorBit,
    vector_bits,
    wrap,
    write_bit,
    write_lookups,
    write_range,
    write_vector,
)
from warp2hdl.backends.targets import Target

_WIDEST = 512  # bits of a register; the C++ of what feeds a wider one is more than a compiler takes in one function

Tap = tuple[int, int]
"""A signal, and the stage in which it is read: so many registers after it was computed lie in between."""


@dataclass(frozen=True)
class Share:
    """What a block holds.

    Attributes:
        nodes: its look-ups in topological order, by signal number.
        stage: per look-up the stage in which it is computed; also of the signals in `delays`.
        delays: signals that come in and are handed on later, through registers in this block.
        reads: what comes in.
        writes: per output port, what leaves.
    """

    nodes: tuple[Node, ...]
    stage: Mapping[int, int]
    delays: tuple[int, ...]
    reads: tuple[Tap, ...]
    writes: Mapping[str, tuple[Tap, ...]]

    def until(self) -> dict[int, int]:
        """Per own signal, the last stage in which it is read, here or elsewhere."""
        last = dict(self.stage)
        taps = [tap for taps in self.writes.values() for tap in taps]
        taps += [(signal, self.stage[node.signal]) for node in self.nodes for signal in node.fanins]
        for signal, stage in taps:
            if signal in last:
                last[signal] = max(last[signal], stage)
        return last

    def shape(self) -> tuple[object, ...]:
        """Equal for shares that are the same module: signals numbered as they come, stages from the first."""
        first = min((*self.stage.values(), *(stage for _, stage in self.reads)), default=0)
        number: dict[int, int] = {}

        def tap(signal: int, stage: int) -> Tap:
            return number.setdefault(signal, len(number)), stage - first

        reads = [tap(*read) for read in self.reads]
        delays = [number.setdefault(s, len(number)) for s in self.delays]
        nodes = [
            (tap(node.signal, self.stage[node.signal]), node.name, node.table, tuple(number[s] for s in node.fanins))
            for node in self.nodes
        ]
        writes = [(port, tuple(tap(*each) for each in taps)) for port, taps in self.writes.items()]
        return tuple(reads), tuple(delays), tuple(nodes), tuple(writes)


class LookupBlock(WrittenBlock):
    """Look-ups, and the registers that their results wait in for later readers.

    Ports:
        one input, `len(share.reads)`: the taps that come in.
        outputs as in `share.writes`: the taps that leave.

    Args:
        block_name: the module's name behind the top's.
        summary: a line about it.
        share: what it holds.
        port: the input's name.
    """

    def __init__(self, block_name: str, summary: str, share: Share, port: str = "x") -> None:
        self.block_name = block_name
        self.summary = summary
        self.share = share
        self.port = port
        self._until = share.until()
        self._first = min(share.stage.values(), default=0)
        self.clocked = self._until != dict(share.stage)
        ports = {port: In(len(share.reads))} | {name: Out(len(taps)) for name, taps in share.writes.items()}
        super().__init__(ports)

    def evaluate(self, x: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
        """Bits `[batch, reads]` -> per output port, bits `[batch, writes]`; registers do not change a value."""
        signals = {signal: column for (signal, _), column in zip(self.share.reads, x.T, strict=True)}
        for node in self.share.nodes:
            address = sum(signals[s].astype(np.uint64) << np.uint64(j) for j, s in enumerate(node.fanins))
            signals[node.signal] = (np.uint64(node.table) >> address & np.uint64(1)).astype(np.bool_)
        return {port: np.stack([signals[s] for s, _ in taps], axis=1) for port, taps in self.share.writes.items()}

    def _stages(self) -> Iterator[tuple[int, list[Node], list[int]]]:
        """Each stage, its look-ups, and the signals that wait in the registers behind it."""
        share = self.share
        by_stage: dict[int, list[Node]] = {}
        for node in share.nodes:
            by_stage.setdefault(share.stage[node.signal], []).append(node)
        # The bits of a register stand in the order in which they leave, so that an output is one slice of it.
        order = dict.fromkeys(s for taps in share.writes.values() for s, _ in taps) | dict.fromkeys(share.stage)
        own = [signal for signal in order if signal in share.stage]
        for stage in range(self._first, max(self._until.values(), default=0) + 1):
            yield stage, by_stage.get(stage, []), [s for s in own if share.stage[s] <= stage < self._until[s]]

    def _registers(self, stage: int, waiting: list[int]) -> list[tuple[str, list[int]]]:
        """The registers behind a stage by name: one vector, or several of at most `_WIDEST` bits."""
        name = f"stage_{stage - self._first + 1}"
        parts = [waiting[i : i + _WIDEST] for i in range(0, len(waiting), _WIDEST)]
        return [(name if len(parts) == 1 else f"{name}_{i}", part) for i, part in enumerate(parts)]

    def elaborate(self, platform: object) -> Module:
        """Builds one look-up a node, and one vector of registers a stage."""
        m = Module()
        share = self.share
        x = getattr(self, self.port)
        values: dict[Tap, Value] = {tap: x[i] for i, tap in enumerate(share.reads)}
        for stage, nodes, waiting in self._stages():
            for node in nodes:
                address = [values[s, stage] for s in node.fanins]
                values[node.signal, stage] = lut(m, node.name, node.table, address)
            for name, signals in self._registers(stage, waiting):
                register = Signal(len(signals), name=name, reset_less=True)
                # One assignment of the whole vector: bit by bit, Amaranth's time is quadratic.
                m.d.sync += register.eq(Cat(values[s, stage] for s in signals))
                values |= {(s, stage + 1): register[i] for i, s in enumerate(signals)}
        for port, taps in share.writes.items():
            m.d.comb += getattr(self, port).eq(Cat(values[tap] for tap in taps))
        return m

    def statements(self, target: Target, arities: set[int]) -> list[list[str]]:
        """The same as Verilog; a signal has the same name in both."""
        share = self.share
        bits = dict(zip(share.reads, vector_bits(self.port, len(share.reads)), strict=True))
        lookups, declarations, registers = [], [], []
        for stage, nodes, waiting in self._stages():
            for node in nodes:
                operands = [write_bit(bits[s, stage]) for s in node.fanins]
                lookups.append(Lookup(node.name, node.table, operands))
                bits[node.signal, stage] = VectorBit(node.name, 0, 1)
            for name, signals in self._registers(stage, waiting):
                declarations.append(f"  reg {write_range(len(signals))}{name};")
                registers.append(wrap(f"{name} <= {write_vector([bits[s, stage] for s in signals])};", "    "))
                bits |= zip(((s, stage + 1) for s in signals), vector_bits(name, len(signals)), strict=True)
        if registers:
            registers = ["  always @(posedge clk) begin", *registers, "  end"]
        ends = [
            wrap(f"assign {port} = {write_vector([bits[tap] for tap in taps])};") for port, taps in share.writes.items()
        ]
        return [declarations, *write_lookups(lookups, target, arities), registers, ends]


def taps_of(nodes: Sequence[Node], stage: Mapping[int, int]) -> list[Tap]:
    """What nodes read, each tap once, in the order of reading."""
    return list(dict.fromkeys((s, stage[node.signal]) for node in nodes for s in node.fanins))
