"""Look-ups as lines of Verilog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from warp2hdl.backends.expression import function, function_name
from warp2hdl.backends.targets import Target

LINE_LENGTH = 120


class Lookup(NamedTuple):
    """One look-up of a module.

    Attributes:
        output: the one-bit wire that it drives.
        table: the truth table, bit a is the output at address a.
        operands: one-bit Verilog operands, the first is bit 0 of the address.
    """

    output: str
    table: int
    operands: Sequence[str]


class VectorBit(NamedTuple):
    """Bit `number` of the vector `name`, which has `width` bits."""

    name: str
    number: int
    width: int


def vector_bits(name: str, width: int) -> list[VectorBit]:
    """The bits of a vector, the lowest first."""
    return [VectorBit(name, index, width) for index in range(width)]


def write_bit(bit: VectorBit) -> str:
    """`x[3]`; of one bit, the name."""
    return f"{bit.name}[{bit.number}]" if bit.width > 1 else bit.name


def write_range(width: int) -> str:
    """`[7:0] ` for a declaration; nothing for one bit."""
    return f"[{width - 1}:0] " if width > 1 else ""


def write_vector(bits: Sequence[VectorBit]) -> str:
    """Bits, the lowest first, as one operand; neighbours in a vector become slices of it."""
    runs: list[tuple[VectorBit, int]] = []
    for bit in bits:
        if runs and runs[-1][0].name == bit.name and bit.number == runs[-1][0].number + runs[-1][1]:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((bit, 1))
    parts = [_write_run(first, length) for first, length in reversed(runs)]
    return parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _write_run(first: VectorBit, length: int) -> str:
    if length == first.width:
        return first.name
    return write_bit(first) if length == 1 else f"{first.name}[{first.number + length - 1}:{first.number}]"


def wrap(line: str, indent: str = "  ") -> str:
    """Breaks a long statement at blanks; what follows the first line is indented further."""
    if len(indent) + len(line) <= LINE_LENGTH:
        return indent + line
    lines, current = [], indent
    for word in line.split(" "):
        if len(current) + len(word) > LINE_LENGTH and current.strip():
            lines.append(current.rstrip())
            current = indent + "    "
        current += word + " "
    return "\n".join([*lines, current.rstrip()])


def write_lookups(lookups: Iterable[Lookup], target: Target, arities: set[int]) -> list[list[str]]:
    """The statements that declare and drive the look-ups' wires: functions, primitives, then expressions.

    Args:
        lookups: the look-ups.
        target: what a look-up becomes.
        arities: grows by the inputs of those look-ups that became primitives.

    Returns:
        Lines by section; sections may be empty.
    """
    names: list[str] = []
    primitives: list[str] = []
    values: list[str] = []
    called = set()
    for output, table, operands in lookups:
        value = target.write_value(table, operands)
        if value is not None:
            values.append(wrap(f"wire {output} = {value};"))
            if value.startswith(f"{function_name(len(operands))}("):
                called.add(len(operands))
            continue
        arities.add(len(operands))
        names.append(output)
        primitives += map(wrap, target.write_primitive(output, table, operands).splitlines())
    declared = [wrap(f"wire {', '.join(names)};")] if names else []
    functions = [[f"  {line}" for line in function(arity)] for arity in sorted(called)]
    return [*functions, declared + primitives, values]
