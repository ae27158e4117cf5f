"""A truth table as a short expression: a tree of operators, and its text in Verilog; a long one as a function call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_VARIABLES = 6
_FULL = (1 << 64) - 1
# Where variable j is 0, in a table of six variables.
LOW = tuple(sum(1 << a for a in range(64) if not a >> j & 1) for j in range(_VARIABLES))
_EXACT = 4  # up to this many variables every order is tried; above, the best first step is taken
_LONGEST = 20.0  # the cost of an expression above which a call reads better and takes less of every later tool


class Form(NamedTuple):
    """An expression over a node's operands.

    Attributes:
        operator: `"1"` a constant, `"v"` an operand, or `"~"`, `"&"`, `"|"`, `"^"`, `"?"` of the forms in `parts`.
        cost: how long it is.
        parts: what the operator joins; of `"?"` the forms for selector 1 and selector 0.
        number: the number of the operand of `"v"` or of the selector of `"?"`; the value of a constant.
    """

    operator: str
    cost: float
    parts: tuple[Form, ...] = ()
    number: int = 0


def widen(table: int, arity: int) -> int:
    """A table of `arity` variables as one of six, the others without influence."""
    for j in range(arity, _VARIABLES):
        table |= table << (1 << j)
    return table


def cofactors(f: int, j: int) -> tuple[int, int]:
    """A table of six variables where variable j is 0, and where it is 1."""
    low = f & LOW[j]
    high = f >> (1 << j) & LOW[j]
    return low | low << (1 << j), high | high << (1 << j)


def support(f: int) -> list[int]:
    """The variables that a table of six variables depends on."""
    return [j for j in range(_VARIABLES) if (f ^ f >> (1 << j)) & LOW[j]]


def _join(operator: str, left: Form, right: Form) -> Form:
    return Form(operator, left.cost + right.cost, (left, right))


def _invert(form: Form) -> Form:
    return Form("~", form.cost + 0.5, (form,))


def _split(f: int, j: int) -> Form:
    """Shannon's expansion of `f` on variable j, in its shortest form."""
    low, high = cofactors(f, j)
    v = Form("v", 1, number=j)
    if low == 0:
        return v if high == _FULL else _join("&", v, _shortest(high))
    if high == _FULL:
        return _join("|", v, _shortest(low))
    if high == 0:
        return _invert(v) if low == _FULL else _join("&", _invert(v), _shortest(low))
    if low == _FULL:
        return _join("|", _invert(v), _shortest(high))
    if low == high ^ _FULL:
        return _join("^", v, _shortest(low))
    a, b = _shortest(high), _shortest(low)
    return Form("?", 1 + a.cost + b.cost, (a, b), j)


def _promise(f: int, j: int) -> int:
    """How much is left to do after splitting on j: the smaller the better."""
    low, high = cofactors(f, j)
    if low in (0, _FULL):
        return len(support(high))
    if high in (0, _FULL) or low == high ^ _FULL:
        return len(support(low))
    return 10 + len(support(low)) + len(support(high))


@lru_cache(maxsize=1 << 17)
def _shortest(f: int) -> Form:
    if f in (0, _FULL):
        return Form("1", 0, number=f & 1)
    variables = support(f)
    if len(variables) > _EXACT:
        return _split(f, min(variables, key=lambda j: _promise(f, j)))
    direct = min((_split(f, j) for j in variables), key=lambda form: form.cost)
    if len(variables) == 1:
        return direct
    inverse = min((_split(f ^ _FULL, j) for j in variables), key=lambda form: form.cost)
    return _invert(inverse) if inverse.cost + 0.5 < direct.cost else direct


def factor(table: int, arity: int) -> Form:
    """The look-up of `table`, `2**arity` bits, as an expression over `arity` operands, at most six.

    Constants, wires, inversions, AND, OR and XOR are recognised at every step; what is left becomes a choice.
    """
    return _shortest(widen(table, arity))


def _inside(form: Form, operator: str) -> str:
    """The text of `form` as an operand of `operator`."""
    bare = form.operator in "1v~" or (form.operator == operator and operator != "?")
    return _text(form) if bare else f"({_text(form)})"


def _text(form: Form) -> str:
    """Verilog, with `{j}` for operand j."""
    if form.operator == "1":
        return f"1'b{form.number}"
    if form.operator == "v":
        return f"{{{form.number}}}"
    if form.operator == "~":
        (part,) = form.parts
        return f"~{_text(part)}" if part.operator == "v" else f"~({_text(part)})"
    left, right = (_inside(part, form.operator) for part in form.parts)
    if form.operator == "?":
        return f"{{{form.number}}} ? {left} : {right}"
    return f"{left} {form.operator} {right}"


@lru_cache(maxsize=1 << 17)
def _template(f: int) -> str:
    return _text(_shortest(f))


def expression(table: int, operands: Sequence[str]) -> str:
    """The look-up of `table` at the address whose bit j is `operands[j]`, as a Verilog expression; see `factor`.

    Args:
        table: the truth table, `2**len(operands)` bits.
        operands: at most six one-bit Verilog operands.
    """
    return _template(widen(table, len(operands))).format(*operands)


def look_up(table: int, operands: Sequence[str]) -> str:
    """The look-up of `table` as an expression, or as a call of `function(len(operands))` where that would be long.

    Arguments as of `expression`.
    """
    arity = len(operands)
    if arity <= _EXACT or _shortest(widen(table, arity)).cost <= _LONGEST:
        return expression(table, operands)
    width = 1 << arity
    return f"{function_name(arity)}({width}'h{table:0{width // 4}x}, {{{', '.join(reversed(operands))}}})"


def function_name(arity: int) -> str:
    """What the function is called that looks up a table of `arity` variables."""
    return f"lut{arity}"


def function(arity: int) -> list[str]:
    """The Verilog function `lut<arity>(table, address)`, a line each: the half of the table that each bit chooses.

    Synthesisers make multiplexers of it, where an index into the table would become a shifter. Verilator calls it, or
    every look-up would be as much C++ as an expression.
    """
    lines = [
        f"function automatic {function_name(arity)}; /*verilator no_inline_task*/",
        f"  input [{(1 << arity) - 1}:0] t{arity};",
        f"  input [{arity - 1}:0] a;",
        *(f"  reg [{(1 << j) - 1}:0] t{j};" for j in reversed(range(1, arity))),
        "  begin",
    ]
    for j in reversed(range(1, arity)):
        half = 1 << j
        lines.append(f"    t{j} = a[{j}] ? t{j + 1}[{2 * half - 1}:{half}] : t{j + 1}[{half - 1}:0];")
    return [*lines, f"    {function_name(arity)} = a[0] ? t1[1] : t1[0];", "  end", "endfunction"]
