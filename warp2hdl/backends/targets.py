"""What a look-up becomes for each target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from warp2hdl.backends.expression import look_up
from warp2hdl.errors import BackendError
from warp2hdl.rtl_templates import primitives


@dataclass(frozen=True)
class Target:
    """A family of devices.

    Attributes:
        name: as on the command line.
        write_value: (table, operands) -> the look-up as a Verilog expression, or None where it is a primitive.
        write_primitive: (output, table, operands) -> the primitives that drive the one-bit wire `output`, a statement
            a line; wires between them are called `<output>_<number>`.
        write_models: (arities of the look-ups) -> Verilog modules that do what the primitives do, for simulators.
        lut_inputs: of how many inputs encoder, popcount and arg max make their look-ups; 6 also where LUT4s are joined
            by multiplexers of their own, as that is one level there too.
    """

    name: str
    write_value: Callable[[int, Sequence[str]], str | None]
    write_primitive: Callable[[str, int, Sequence[str]], str]
    write_models: Callable[[Iterable[int]], str] | None = None
    lut_inputs: int = 6


def _no_primitive(output: str, table: int, operands: Sequence[str]) -> str:
    raise BackendError(f"the look-up {output} ({table:#x}) has no expression; please report this.")


def _only_wires(table: int, operands: Sequence[str]) -> str | None:
    return operands[0] if len(operands) == 1 and table == 0b10 else None


def _instance(cell: str, name: str, ports: Sequence[str], values: Sequence[str]) -> str:
    """`cell` may carry parameters."""
    return f"{cell} {name} ({', '.join(f'.{port}({value})' for port, value in zip(ports, values, strict=True))});"


def _init(table: int, arity: int) -> str:
    width = 1 << arity
    return f"{width}'h{table:0{-(-width // 4)}x}"


def _numbered_lut(output: str, table: int, operands: Sequence[str], result: str) -> str:
    """LUT1 to LUT6 with the inputs I0 to I5, `I0` the lowest address bit of `INIT`."""
    arity = len(operands)
    ports = [*(f"I{j}" for j in range(arity)), result]
    cell = f"LUT{arity} #(.INIT({_init(table, arity)}))"
    return _instance(cell, f"lut_{output}", ports, [*operands, output])


def _lut4(cell: str, parameter: str, ports: Sequence[str], output: str, table: int, operands: Sequence[str]) -> str:
    """A cell of four inputs; the table repeats over those that are idle."""
    for j in range(len(operands), 4):
        table |= table << (1 << j)
    idle = ["1'b0"] * (4 - len(operands))
    return _instance(f"{cell} #(.{parameter}({_init(table, 4)}))", f"lut_{output}", ports, [*operands, *idle, output])


def _xilinx(output: str, table: int, operands: Sequence[str]) -> str:
    return _numbered_lut(output, table, operands, "O")


def _split(
    write: Callable[[str, int, Sequence[str]], str],
    join: Callable[[str, str, str, str, int], str],
    output: str,
    table: int,
    operands: Sequence[str],
) -> str:
    """Shannon's expansion on the highest operands until four are left.

    Args:
        write: (output, table, operands) -> a look-up of at most four operands.
        join: (output, low, high, select, arity) -> the choice between the two halves of a look-up of that arity.
        output: the wire to drive.
        table: the truth table.
        operands: one to six operands.
    """
    arity = len(operands)
    if arity <= 4:
        return write(output, table, operands)
    half = 1 << (arity - 1)
    low, high = f"{output}_0", f"{output}_1"
    lines = [
        f"wire {low}, {high};",
        _split(write, join, low, table & ((1 << half) - 1), operands[:-1]),
        _split(write, join, high, table >> half, operands[:-1]),
        join(output, low, high, operands[-1], arity),
    ]
    return "\n".join(lines)


def _ecp5(output: str, table: int, operands: Sequence[str]) -> str:
    def write(out: str, part: int, inputs: Sequence[str]) -> str:
        return _lut4("LUT4", "INIT", "ABCDZ", out, part, inputs)

    def join(out: str, low: str, high: str, select: str, arity: int) -> str:
        cell, ports = ("PFUMX", ("BLUT", "ALUT", "C0", "Z")) if arity == 5 else ("L6MUX21", ("D0", "D1", "SD", "Z"))
        return _instance(cell, f"mux_{out}", ports, [low, high, select, out])

    return _split(write, join, output, table, operands)


def _ice40(output: str, table: int, operands: Sequence[str]) -> str:
    def write(out: str, part: int, inputs: Sequence[str]) -> str:
        return _lut4("SB_LUT4", "LUT_INIT", ("I0", "I1", "I2", "I3", "O"), out, part, inputs)

    def join(out: str, low: str, high: str, select: str, arity: int) -> str:
        return f"assign {out} = {select} ? {high} : {low};"

    return _split(write, join, output, table, operands)


def _gowin(output: str, table: int, operands: Sequence[str]) -> str:
    def write(out: str, part: int, inputs: Sequence[str]) -> str:
        return _numbered_lut(out, part, inputs, "F")

    def join(out: str, low: str, high: str, select: str, arity: int) -> str:
        return _instance(f"MUX2_LUT{arity}", f"mux_{out}", ("I0", "I1", "S0", "O"), [low, high, select, out])

    return _split(write, join, output, table, operands)


TARGETS = {
    "generic": Target("generic", look_up, _no_primitive),
    "xilinx": Target("xilinx", _only_wires, _xilinx, primitives.xilinx_models),
    "ecp5": Target("ecp5", _only_wires, _ecp5, primitives.ecp5_models),
    "ice40": Target("ice40", _only_wires, _ice40, primitives.ice40_models, lut_inputs=4),
    "gowin": Target("gowin", _only_wires, _gowin, primitives.gowin_models),
}


def get_target(name: str) -> Target:
    """The target called `name`.

    Raises:
        BackendError: there is none.
    """
    if name not in TARGETS:
        raise BackendError(f"the target {name!r} does not exist; choose one of {', '.join(TARGETS)}.")
    return TARGETS[name]
