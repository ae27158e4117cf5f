"""The top module that joins the blocks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from warp2hdl.backends.block import Block, place
from warp2hdl.backends.design import Part, build_design
from warp2hdl.backends.fabric import LookupBlock, Share, Tap, taps_of
from warp2hdl.backends.graph import ONE
from warp2hdl.backends.schedule import schedule, unregistered
from warp2hdl.ir.circuit import Circuit

_INPUT_PORTS = {"encoder": "words", "fabric": "x", "popcount": "x", "argmax": "scores"}
_OUTPUT_PORTS = {"encoder": "bits", "fabric": "y", "popcount": "count", "argmax": "index"}


class Top(Block):
    """The whole circuit: encoder, fabric, one popcount a class, arg max.

    Ports (clk and rst come from the clock domain; `raw` has neither, nor the valid bits):
        in_valid (In, 1): `in_features` holds a sample.
        in_features (In, sum of `feature_bits`): its feature words, feature 0 in the lowest bits.
        out_valid (Out, 1): `out_class` and `out_scores` belong to the sample of `latency_cycles` earlier.
        out_class (Out, `class_bits`): the class.
        out_scores (Out, `classes * score_bits`): the scores, class 0 in the lowest bits; where `with_scores`.

    Args:
        circuit: the circuit.
        interface: `"stream"` or `"raw"`.
        levels_per_stage: look-ups on the longest path from register to register, 0 for the output registers alone.
        with_scores: whether the scores come out.
        lut_inputs: inputs of the look-ups that encoder, popcount and arg max are made of.
    """

    block_name = "top"
    summary = "The whole circuit: encoder, look-ups, one popcount a class, arg max."

    def __init__(
        self, circuit: Circuit, *, interface: str, levels_per_stage: int, with_scores: bool, lut_inputs: int = 6
    ) -> None:
        self.circuit = circuit
        self.design = build_design(circuit, with_scores=with_scores, lut_inputs=lut_inputs)
        self.clocked = interface == "stream"
        self.with_scores = with_scores
        self.plan = schedule(self.design, levels_per_stage) if self.clocked else unregistered(self.design)
        groups = circuit.groups
        ports = {"in_features": In(int(circuit.encoder.feature_bits.sum()))}
        if self.clocked:
            ports = {"in_valid": In(1)} | ports | {"out_valid": Out(1)}
        ports["out_class"] = Out(groups.class_bits)
        if with_scores:
            ports["out_scores"] = Out(groups.classes * groups.score_bits)
        super().__init__(ports)
        self.blocks = self._make_blocks()

    def _make_blocks(self) -> dict[str, LookupBlock]:
        """The blocks by instance name, each behind those that it reads."""
        parts = list(self.design.parts)
        if (not parts or parts[0].kind != "encoder") and self._word_taps():
            parts.insert(0, Part("encoder", 0, ()))
        made: dict[tuple[object, ...], str] = {}
        blocks = {}
        for part, wanted in zip(parts, self._wanted(parts), strict=True):
            share = self._share(part, wanted)
            name, summary = self._describe(part)
            name = made.setdefault((part.kind, summary, share.shape()), name)
            blocks[_instance_name(part)] = LookupBlock(name, summary, share, _INPUT_PORTS[part.kind])
        return blocks

    def _word_taps(self) -> list[Tap]:
        """The bits of `in_features` that are read outside the encoder, or later than they come in."""
        nodes = [node for part in self.design.parts if part.kind != "encoder" for node in part.nodes]
        taps = [*taps_of(nodes, self.plan.stage), *self._final(self.design.index), *self._final_scores()]
        return [tap for tap in dict.fromkeys(taps) if 0 <= tap[0] < self.design.inputs]

    def _final(self, signals: Iterable[int]) -> list[Tap]:
        """Where signals come out."""
        return [(s, self.plan.stages) for s in dict.fromkeys(signals) if s >= 0]

    def _final_scores(self) -> list[Tap]:
        return self._final(s for bits in self.design.scores for s in bits)

    def _wanted(self, parts: list[Part]) -> list[list[Tap]]:
        """Per part, what others read of it, in the order of their reading."""
        owner = {node.signal: i for i, part in enumerate(parts) for node in part.nodes}
        owner |= dict.fromkeys(range(self.design.inputs), 0)
        wanted: list[dict[Tap, None]] = [{} for _ in parts]
        for i, part in enumerate(parts):
            for tap in taps_of(part.nodes, self.plan.stage):
                if owner[tap[0]] != i:
                    wanted[owner[tap[0]]][tap] = None
        for tap in (*self._final(self.design.index), *self._final_scores()):
            wanted[owner[tap[0]]][tap] = None
        return list(map(list, wanted))

    def _share(self, part: Part, wanted: list[Tap]) -> Share:
        own = {node.signal: self.plan.stage[node.signal] for node in part.nodes}
        if part.kind == "encoder":
            words = range(self.design.inputs)
            writes = {"bits": tuple(wanted)}
            return Share(part.nodes, own | dict.fromkeys(words, 0), tuple(words), tuple((w, 0) for w in words), writes)
        final = set(self._final_scores()) if part.kind == "popcount" else set()
        ports = {
            _OUTPUT_PORTS[part.kind]: tuple(tap for tap in wanted if tap not in final),
            "score": tuple(tap for tap in wanted if tap in final),
        }
        reads = tuple(tap for tap in taps_of(part.nodes, self.plan.stage) if tap[0] not in own)
        return Share(part.nodes, own, (), reads, {port: taps for port, taps in ports.items() if taps})

    def _describe(self, part: Part) -> tuple[str, str]:
        """The block's module name and a line about it."""
        size = len(part.nodes)
        if part.kind == "encoder":
            return "encoder", f"Feature words against constants: {self.design.comparators} comparators."
        if part.kind == "fabric":
            return _instance_name(part), f"Layer {part.number}: {size} look-ups."
        if part.kind == "argmax":
            return "argmax", f"The class with the highest score, the lowest one among equals: {size} look-ups."
        return _instance_name(part), f"How many output bits of a class are 1: {size} look-ups."

    def evaluate(self, words: npt.NDArray[np.unsignedinteger]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Words `[batch, features]` -> class ids `[batch]` and scores `[batch, classes]`, block by block.

        Without the scores' port there are no scores: `[batch, 0]`.
        """
        widths = self.circuit.encoder.feature_bits.tolist()
        bits = [words[:, f].astype(np.int64) >> b & 1 for f, width in enumerate(widths) for b in range(width)]
        values: dict[Tap, npt.NDArray[np.bool_]] = {(i, 0): bit.astype(np.bool_) for i, bit in enumerate(bits)}
        for block in self.blocks.values():
            x = np.stack([values[tap] for tap in block.share.reads], axis=1)
            for port, found in block.evaluate(x).items():
                values |= dict(zip(block.share.writes[port], found.T, strict=True))

        def number(signals: tuple[int, ...]) -> npt.NDArray[np.int64]:
            total = np.zeros(len(words), np.int64)
            for i, s in enumerate(signals):
                total += (values[s, self.plan.stages].astype(np.int64) if s >= 0 else int(s == ONE)) << i
            return total

        scores = [number(signals) for signals in self.design.scores]
        return number(self.design.index), np.stack(scores, axis=1) if scores else np.empty((len(words), 0), np.int64)

    def elaborate(self, platform: object) -> Module:
        """Joins the blocks."""
        m = Module()
        values: dict[Tap, Value] = {(i, 0): self.in_features[i] for i in range(self.design.inputs)}
        for name, block in self.blocks.items():
            encoder = block.port == "words"
            ports: dict[str, Value] = {
                block.port: self.in_features if encoder else Cat(values[tap] for tap in block.share.reads)
            }
            for port, taps in block.share.writes.items():
                ports[port] = Signal(len(taps), name=f"{name}_{port}")
                values |= {tap: ports[port][i] for i, tap in enumerate(taps)}
            place(m, platform, name, block, ports)

        def join(signals: tuple[int, ...], width: int) -> Value:
            bits = [values[s, self.plan.stages] if s >= 0 else Const(int(s == ONE), 1) for s in signals]
            return Cat(*bits, Const(0, width - len(bits)))

        m.d.comb += self.out_class.eq(join(self.design.index, len(self.out_class)))
        if self.with_scores:
            width = self.circuit.groups.score_bits
            m.d.comb += self.out_scores.eq(Cat(join(bits, width) for bits in self.design.scores))
        if self.clocked:
            valid = Signal(self.plan.stages, name="valid")
            m.d.sync += valid.eq(Cat(self.in_valid, valid[:-1]))
            m.d.comb += self.out_valid.eq(valid[-1])
        return m


def _instance_name(part: Part) -> str:
    names = {"fabric": f"layer_{part.number}", "popcount": f"popcount_{part.number}"}
    return names.get(part.kind, part.kind)
