"""Where the registers go, and the top module that joins the blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from warp2hdl.backends import argmax, popcount
from warp2hdl.backends.argmax import ArgMaxBlock
from warp2hdl.backends.block import Block, place, stage
from warp2hdl.backends.encoder import EncoderBlock
from warp2hdl.backends.fabric import LayerBlock
from warp2hdl.backends.names import feature_identifiers
from warp2hdl.backends.netlist import ONE, Netlist, build_netlist
from warp2hdl.backends.popcount import PopcountBlock
from warp2hdl.ir.circuit import Circuit


@dataclass(frozen=True)
class StagePlan:
    """Which logic levels a register follows; True and False by level of each block.

    Attributes:
        encoder: its only level.
        layers: one level each.
        popcount: compressors, then one level of adders each.
        argmax: one level of comparisons each.
    """

    encoder: bool
    layers: tuple[bool, ...]
    popcount: tuple[bool, ...]
    argmax: tuple[bool, ...]

    @property
    def latency_cycles(self) -> int:
        """Registers from input to output."""
        return sum((self.encoder, *self.layers, *self.popcount, *self.argmax))


def plan_stages(netlist: Netlist, circuit: Circuit, *, registered: bool, levels_per_stage: int) -> StagePlan:
    """Counts logic levels through all blocks and cuts after every `levels_per_stage` of them.

    Args:
        netlist: what is built of `circuit`.
        circuit: the circuit.
        registered: whether there are registers at all; the outputs are always registered then.
        levels_per_stage: logic levels from register to register, 0 for the output registers alone.
    """
    groups = circuit.groups
    trees = [popcount.tree_levels(int(n), int(b)) for n, b in zip(groups.sizes, groups.bias, strict=True)]
    lengths = (1, netlist.depth, max(trees), argmax.tree_levels(groups.classes))
    total = sum(lengths)
    cuts = [
        registered and (level == total or (levels_per_stage > 0 and level % levels_per_stage == 0))
        for level in range(1, total + 1)
    ]
    parts = []
    for length in lengths:
        parts.append(tuple(cuts[:length]))
        cuts = cuts[length:]
    return StagePlan(parts[0][0], *parts[1:])


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
        levels_per_stage: logic levels from register to register, 0 for the output registers alone.
        with_scores: whether the scores come out.
    """

    block_name = "top"
    summary = "The whole circuit: encoder, look-ups, one popcount a class, arg max."

    def __init__(self, circuit: Circuit, *, interface: str, levels_per_stage: int, with_scores: bool) -> None:
        self.circuit = circuit
        self.netlist = build_netlist(circuit)
        self.clocked = interface == "stream"
        self.with_scores = with_scores
        self.plan = plan_stages(self.netlist, circuit, registered=self.clocked, levels_per_stage=levels_per_stage)
        groups = circuit.groups
        ports = {"in_features": In(int(circuit.encoder.feature_bits.sum()))}
        if self.clocked:
            ports = {"in_valid": In(1)} | ports | {"out_valid": Out(1)}
        ports["out_class"] = Out(groups.class_bits)
        if with_scores:
            ports["out_scores"] = Out(groups.classes * groups.score_bits)
        super().__init__(ports)
        self._make_blocks()

    def _make_blocks(self) -> None:
        encoder, groups, netlist, plan = self.circuit.encoder, self.circuit.groups, self.netlist, self.plan
        comparators = [(int(encoder.bit_feature[b]), int(encoder.bit_threshold[b])) for b in netlist.live[0]]
        names = feature_identifiers(self.circuit.metadata.feature_names)
        self.encoder = EncoderBlock(encoder.feature_bits.tolist(), comparators, names, plan.encoder)
        self.layers = [
            LayerBlock(n + 1, nodes, netlist.live[n], netlist.live[n + 1], plan.layers[n])
            for n, nodes in enumerate(netlist.layers)
        ]
        # A class without output bits has a constant score and no block.
        self.popcounts = [
            PopcountBlock(size, bias, plan.popcount) if size else None
            for size, bias in zip(groups.sizes.tolist(), groups.bias.tolist(), strict=True)
        ]
        self.argmax = ArgMaxBlock((groups.sizes + groups.bias).tolist(), groups.score_bits, plan.argmax)

    def evaluate(self, words: npt.NDArray[np.unsignedinteger]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Words `[batch, features]` -> class ids `[batch]` and scores `[batch, classes]`, block by block."""
        bits = self.encoder.evaluate(words)
        for layer in self.layers:
            bits = layer.evaluate(bits)
        signals = dict(zip(self.netlist.live[-1], bits.T, strict=True))
        outputs = np.empty((len(words), len(self.netlist.outputs)), np.bool_)
        for i, signal in enumerate(self.netlist.outputs):
            outputs[:, i] = signals[signal] if signal >= 0 else signal == ONE
        offsets = self.circuit.groups.offsets
        scores = np.empty((len(words), len(self.popcounts)), np.int64)
        for c, block in enumerate(self.popcounts):
            group = outputs[:, offsets[c] : offsets[c + 1]]
            scores[:, c] = self.circuit.groups.bias[c] if block is None else block.evaluate(group)
        return self.argmax.evaluate(scores), scores

    def elaborate(self, platform: object) -> Module:
        """Joins the blocks."""
        m = Module()
        signals = self._place_fabric(m, platform)
        scores = self._place_popcounts(m, platform, signals)
        place(m, platform, "argmax", self.argmax, {"scores": scores, "index": self.out_class})
        if self.with_scores:
            for n in range(1, sum(self.plan.argmax) + 1):
                scores = stage(m, scores, f"scores_{n}_q")
            m.d.comb += self.out_scores.eq(scores)
        if self.clocked:
            valid = Signal(self.plan.latency_cycles, name="valid")
            m.d.sync += valid.eq(Cat(self.in_valid, valid[:-1]))
            m.d.comb += self.out_valid.eq(valid[-1])
        return m

    def _place_fabric(self, m: Module, platform: object) -> dict[int, Value]:
        """Encoder and layers; returns the last boundary's signals by number."""
        live = self.netlist.live
        vector: Value = Const(0, 0)
        if live[0]:
            vector = Signal(len(live[0]), name="encoded")
            place(m, platform, "encoder", self.encoder, {"words": self.in_features, "bits": vector})
        for n, layer in enumerate(self.layers, 1):
            following = Signal(len(live[n]), name=f"layer_{n}_y")
            place(m, platform, f"layer_{n}", layer, {"x": vector, "y": following})
            vector = following
        return {signal: vector[i] for i, signal in enumerate(live[-1])}

    def _place_popcounts(self, m: Module, platform: object, signals: dict[int, Value]) -> Value:
        """One popcount a class; returns all scores, each `score_bits` wide."""
        groups = self.circuit.groups
        outputs = [signals[s] if s >= 0 else Const(int(s == ONE), 1) for s in self.netlist.outputs]
        found = []
        for c, block in enumerate(self.popcounts):
            if block is None:
                found.append(Const(int(groups.bias[c]), groups.score_bits))
                continue
            bits = Cat(outputs[groups.offsets[c] : groups.offsets[c + 1]])
            count = Signal((block.size + block.bias).bit_length(), name=f"score_{c}")
            place(m, platform, f"popcount_{c}", block, {"x": bits, "count": count})
            found.append(Cat(count, Const(0, groups.score_bits - len(count))))
        return Cat(found)
