"""A netlist without its registers: the logic that is left, and whether every path crosses the same number of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from warp2hdl.errors import FormatError
from warp2hdl.formal.cells import Bit, Operation
from warp2hdl.formal.graph import FALSE, TRUE, Graph
from warp2hdl.formal.readback import Netlist

_CONSTANTS: Mapping[Bit, int] = {"0": FALSE, "1": TRUE}


class _Net(NamedTuple):
    """What is known of a net.

    Attributes:
        literal: its function of the input ports, registers taken for wires.
        stage: registers on the way from the inputs; for a constant, -1 less the registers behind it, as it is there
            from that many edges on.
        sources: which input ports reach it, one bit each.
    """

    literal: int
    stage: int
    sources: int


@dataclass(frozen=True)
class Logic:
    """The combinational logic of a pipeline, and what is wrong with the pipeline.

    Attributes:
        graph: its inputs are the bits of all input ports but the clock, in the order of `inputs`.
        inputs: literals of each input port.
        outputs: literals of each output port.
        stages: registers in front of each bit of each output port; None for a constant.
        sources: names of the input ports that reach each output port.
        registers: flip-flops.
        signals: variables of the nets that have a name in the Verilog.
        problems: paths of unequal length and the like, a sentence each.
    """

    graph: Graph
    inputs: dict[str, list[int]]
    outputs: dict[str, list[int]]
    stages: dict[str, list[int | None]]
    sources: dict[str, set[str]]
    registers: int
    signals: frozenset[int]
    problems: tuple[str, ...]


def dissolve(netlist: Netlist, *, clock: str | None, unstaged: str | None) -> Logic:
    """Replaces registers by wires, and counts them on the way.

    Args:
        netlist: the netlist.
        clock: the port that clocks every register.
        unstaged: an input whose paths may be of any length: the reset, which acts on all stages at once.

    Raises:
        FormatError: a net that is read has no driver, is undefined, or drives itself.
    """
    walk = _Walk(netlist, clock, unstaged)
    outputs = {name: [walk.net(bit) for bit in bits] for name, bits in netlist.outputs.items()}
    names = list(walk.ports)
    return Logic(
        walk.graph,
        walk.ports,
        {name: [net.literal for net in nets] for name, nets in outputs.items()},
        {name: [None if net.stage < 0 else net.stage for net in nets] for name, nets in outputs.items()},
        {name: {names[i] for net in nets for i in _ones(net.sources)} for name, nets in outputs.items()},
        len(netlist.registers),
        frozenset(walk.known[bit].literal >> 1 for bit in netlist.names if bit in walk.known),
        tuple(walk.problems),
    )


def registers_behind(netlist: Netlist, bits: Iterable[Bit]) -> tuple[Bit, ...]:
    """The registers that some nets depend on, through other registers too."""
    drivers = {bit: operation.reads for operation in netlist.operations for bit in operation.drives}
    seen: set[Bit] = set()
    waiting = list(bits)
    while waiting:
        bit = waiting.pop()
        if bit not in seen:
            seen.add(bit)
            register = netlist.registers.get(bit)
            waiting.extend(drivers.get(bit, ()) if register is None else (register.data,))
    return tuple(bit for bit in netlist.registers if bit in seen)


def _ones(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


class _Walk:
    """From the outputs down to the inputs, without recursion."""

    def __init__(self, netlist: Netlist, clock: str | None, unstaged: str | None) -> None:
        self.netlist = netlist
        self.problems: list[str] = []
        named = {name: bits for name, bits in netlist.inputs.items() if name != clock}
        self.graph = Graph(sum(map(len, named.values())))
        self.ports: dict[str, list[int]] = {}
        self.known: dict[Bit, _Net] = {bit: _Net(literal, -1, 0) for bit, literal in _CONSTANTS.items()}
        at = 0
        for place, (name, bits) in enumerate(named.items()):
            self.ports[name] = [self.graph.input(at + i) for i in range(len(bits))]
            at += len(bits)
            for bit, literal in zip(bits, self.ports[name], strict=True):
                self.known[bit] = _Net(literal, -1 if name == unstaged else 0, 1 << place)
        self.clock = netlist.inputs[clock][0] if clock in netlist.inputs else None
        self.drivers = self._drivers()

    def _drivers(self) -> dict[Bit, Operation]:
        drivers: dict[Bit, Operation] = {}
        for operation in self.netlist.operations:
            for bit in operation.drives:
                drivers[bit] = operation
        for bit, register in self.netlist.registers.items():
            if register.clock != self.clock:
                self.problems.append(f"the register {self.netlist.name(bit)} has another clock")
        return drivers

    def net(self, wanted: Bit) -> _Net:
        """What is known of a net, once its cone is walked."""
        open_nets: set[Bit] = set()
        path = [wanted]
        while path:
            bit = path[-1]
            if bit in self.known:
                path.pop()
                continue
            missing = [read for read in self._reads(bit) if read not in self.known]
            if not missing:
                self._settle(bit)
                open_nets.discard(bit)
                path.pop()
                continue
            open_nets.add(bit)
            if looped := next((read for read in missing if read in open_nets), None):
                raise FormatError(f"{self.netlist.name(looped)} depends on itself; emit the folder again.")
            path.extend(missing)
        return self.known[wanted]

    def _reads(self, bit: Bit) -> tuple[Bit, ...]:
        if bit in self.netlist.registers:
            return (self.netlist.registers[bit].data,)
        if bit in self.drivers:
            return self.drivers[bit].reads
        reason = "is undefined" if isinstance(bit, str) else "has no driver"
        raise FormatError(f"{self.netlist.name(bit)} {reason}; emit the folder again.")

    def _settle(self, bit: Bit) -> None:
        if bit in self.netlist.registers:
            before = self.known[self.netlist.registers[bit].data]
            step = 1 if before.stage >= 0 else -1
            self.known[bit] = before._replace(stage=before.stage + step)
            return
        operation = self.drivers[bit]
        nets = [self.known[read] for read in operation.reads]
        stage, sources = nets[0].stage, nets[0].sources
        for net in nets[1:]:
            sources |= net.sources
            if net.stage != stage:
                stage = self._meet(bit, stage, net.stage)
        literals = operation.build(self.graph, [net.literal for net in nets])
        for driven, literal in zip(operation.drives, literals, strict=True):
            self.known[driven] = _Net(literal, stage, sources)

    def _meet(self, bit: Bit, a: int, b: int) -> int:
        """The stage at which two operands meet; a constant must be there before the sample is."""
        if a < 0 and b < 0:
            return min(a, b)
        high, low = max(a, b), min(a, b)
        if low >= 0 or -1 - low > high:
            registers = f"{high} and {low if low >= 0 else -1 - low}"
            self.problems.append(f"paths of {registers} registers meet in front of {self.netlist.name(bit)}")
        return high
