"""What an emitted module's ports have to do: which stage, which reset, where class and scores are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from warp2hdl.backends.manifest import Manifest
from warp2hdl.errors import FormatError
from warp2hdl.formal.equal import Side
from warp2hdl.formal.graph import FALSE, TRUE, Graph
from warp2hdl.formal.pipeline import Logic, dissolve, registers_behind
from warp2hdl.formal.readback import Netlist
from warp2hdl.formal.reference import input_bits
from warp2hdl.ir.circuit import Circuit

_WRAPPER_CYCLES = 3  # what an AXI4-Stream wrapper adds to the latency


@dataclass(frozen=True)
class Pipeline:
    """The module to prove, as the manifest describes it.

    Attributes:
        module: its name.
        clock: its clock's port, or None for combinational logic.
        reset: its reset's port, or None.
        latency_cycles: registers that every path from input to output is to cross.
        registers: flip-flops that it is to have.
    """

    module: str
    clock: str | None
    reset: str | None
    latency_cycles: int
    registers: int

    @staticmethod
    def of(manifest: Manifest) -> Pipeline:
        """That of a manifest; inside an AXI4-Stream wrapper the circuit's own module."""
        if manifest.axis is not None:
            latency = manifest.latency_cycles - _WRAPPER_CYCLES
            return Pipeline(manifest.axis.core, "clk", "rst", latency, manifest.registers)
        return Pipeline(manifest.top, manifest.clock, manifest.reset, manifest.latency_cycles, manifest.registers)


def check_pipeline(netlist: Netlist, logic: Logic, pipeline: Pipeline) -> tuple[int | None, tuple[str, ...]]:
    """The latency, if there is one, and what is wrong with registers, valid bits and reset."""
    problems = list(logic.problems)
    # Where all outputs are constants there is no path.
    stages = {stage for port in logic.stages.values() for stage in port if stage is not None} or {0}
    latency = stages.pop() if len(stages) == 1 else None
    if stages:
        problems.append("the outputs are behind different numbers of registers")
    elif latency != pipeline.latency_cycles:
        problems.append(f"{latency} registers are on every path where the manifest has {pipeline.latency_cycles}")
    if logic.registers != pipeline.registers:
        problems.append(f"there are {logic.registers} registers where the manifest has {pipeline.registers}")
    for name, sources in logic.sources.items():
        allowed = {"in_valid", pipeline.reset} if name == "out_valid" else {"in_features"}
        problems += [f"{name} depends on {source}" for source in sorted(sources - allowed)]
    if pipeline.clock is not None:
        problems += _check_valid(netlist, logic, pipeline)
    return latency, tuple(problems)


def _check_valid(netlist: Netlist, logic: Logic, pipeline: Pipeline) -> list[str]:
    """The valid bits keep step with the samples, and a reset clears each of them."""
    reset = pipeline.reset
    if "out_valid" not in logic.outputs or "in_valid" not in logic.inputs or reset not in logic.inputs:
        return ["in_valid, out_valid or the reset is missing"]
    running = _with_input(logic, "out_valid", reset, FALSE)
    if running != logic.inputs["in_valid"]:
        return ["out_valid is not in_valid of as many cycles before"]
    chain = registers_behind(netlist, netlist.outputs["out_valid"])
    following = tuple(netlist.registers[bit].data for bit in chain)
    step = dataclasses.replace(
        netlist, inputs=netlist.inputs | {"state": chain}, outputs={"next": following}, registers={}
    )
    after = dissolve(step, clock=pipeline.clock, unstaged=None)
    cleared = _with_input(after, "next", reset, TRUE)
    return [
        f"the reset does not clear {netlist.name(bit)}" for bit, x in zip(chain, cleared, strict=True) if x != FALSE
    ]


def _with_input(logic: Logic, output: str, port: str, value: int) -> list[int]:
    """The literals of an output, over the same inputs, for a constant at an input port of one bit."""
    place = {1 + i: logic.graph.input(i) for i in range(logic.graph.inputs)}
    place[logic.inputs[port][0] >> 1] = value
    return Graph(logic.graph.inputs).copy(logic.graph, logic.outputs[output], place)


def make_side(logic: Logic, circuit: Circuit) -> Side:
    """Class and scores over the bits of the feature words alone.

    Raises:
        FormatError: the ports are not those of the circuit.
    """
    groups = circuit.groups
    words = logic.inputs.get("in_features", [])
    class_bits, scores = logic.outputs.get("out_class", []), logic.outputs.get("out_scores")
    width = groups.classes * groups.score_bits
    if len(words) != input_bits(circuit.encoder) or len(class_bits) != groups.class_bits:
        raise FormatError("the Verilog's ports in_features and out_class are not the circuit's; emit the folder again.")
    if scores is not None and len(scores) != width:
        raise FormatError("the Verilog's port out_scores is not the circuit's; emit the folder again.")
    graph = Graph(len(words))
    # Other inputs are free as well: a class that depends on them is found to differ, and by its ports.
    place = {1 + i: FALSE for i in range(logic.graph.inputs)}
    place |= {literal >> 1: graph.input(i) for i, literal in enumerate(words)}
    class_bits = graph.copy(logic.graph, class_bits, place)
    scores = None if scores is None else graph.copy(logic.graph, scores, place)
    named = {place[variable] >> 1 for variable in logic.signals if variable in place}
    size = groups.score_bits
    by_class = None if scores is None else [scores[i : i + size] for i in range(0, width, size)]
    return Side(graph, class_bits, by_class, named)
