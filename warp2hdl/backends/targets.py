"""What a look-up becomes for each target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from warp2hdl.backends.expression import expression
from warp2hdl.errors import BackendError
from warp2hdl.rtl_templates.primitives import xilinx_lut


@dataclass(frozen=True)
class Target:
    """A family of devices.

    Attributes:
        name: as on the command line.
        write_value: (table, operands) -> the look-up as a Verilog expression, or None where it is a primitive.
        write_primitive: (output, table, operands) -> the primitive that drives the one-bit wire `output`.
        write_model: (arity) -> a Verilog module that does what the primitive does, for simulators.
    """

    name: str
    write_value: Callable[[int, Sequence[str]], str | None]
    write_primitive: Callable[[str, int, Sequence[str]], str]
    write_model: Callable[[int], str] | None = None


def _no_primitive(output: str, table: int, operands: Sequence[str]) -> str:
    raise BackendError(f"the look-up {output} ({table:#x}) has no expression; please report this.")


def _only_wires(table: int, operands: Sequence[str]) -> str | None:
    return operands[0] if len(operands) == 1 and table == 0b10 else None


def _xilinx_lut(output: str, table: int, operands: Sequence[str]) -> str:
    width = 1 << len(operands)
    ports = ", ".join(f".I{j}({operand})" for j, operand in enumerate(operands))
    init = f"{width}'h{table:0{-(-width // 4)}x}"
    return f"LUT{len(operands)} #(.INIT({init})) lut_{output} ({ports}, .O({output}));"


TARGETS = {
    "generic": Target("generic", expression, _no_primitive),
    "xilinx": Target("xilinx", _only_wires, _xilinx_lut, xilinx_lut),
}


def get_target(name: str) -> Target:
    """The target called `name`.

    Raises:
        BackendError: there is none.
    """
    if name not in TARGETS:
        raise BackendError(f"the target {name!r} does not exist; choose one of {', '.join(TARGETS)}.")
    return TARGETS[name]
