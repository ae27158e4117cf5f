"""A truth table as a short Verilog expression."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_VARIABLES = 6
_FULL = (1 << 64) - 1
# Where variable j is 0, in a table of six variables.
_LOW = tuple(sum(1 << a for a in range(64) if not a >> j & 1) for j in range(_VARIABLES))
_EXACT = 4  # up to this many variables every order is tried; above, the best first step is taken


class _Form(NamedTuple):
    """A formula: its operator, its text with `{j}` for operand j, and how long it is."""

    operator: str  # "1" constant, "v" operand, "~", "&", "|", "^", "?"
    text: str
    cost: float


def widen(table: int, arity: int) -> int:
    """A table of `arity` variables as one of six, the others without influence."""
    for j in range(arity, _VARIABLES):
        table |= table << (1 << j)
    return table


def _cofactors(f: int, j: int) -> tuple[int, int]:
    low = f & _LOW[j]
    high = f >> (1 << j) & _LOW[j]
    return low | low << (1 << j), high | high << (1 << j)


def _support(f: int) -> list[int]:
    return [j for j in range(_VARIABLES) if (f ^ f >> (1 << j)) & _LOW[j]]


def _inside(form: _Form, operator: str) -> str:
    """The text of `form` as an operand of `operator`."""
    bare = form.operator in "1v~" or (form.operator == operator and operator != "?")
    return form.text if bare else f"({form.text})"


def _join(operator: str, left: _Form, right: _Form) -> _Form:
    text = f"{_inside(left, operator)} {operator} {_inside(right, operator)}"
    return _Form(operator, text, left.cost + right.cost)


def _invert(form: _Form) -> _Form:
    text = f"~{form.text}" if form.operator == "v" else f"~({form.text})"
    return _Form("~", text, form.cost + 0.5)


def _split(f: int, j: int) -> _Form:
    """Shannon's expansion of `f` on variable j, in its shortest form."""
    low, high = _cofactors(f, j)
    v = _Form("v", f"{{{j}}}", 1)
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
    return _Form("?", f"{{{j}}} ? {_inside(a, '?')} : {_inside(b, '?')}", 1 + a.cost + b.cost)


def _promise(f: int, j: int) -> int:
    """How much is left to do after splitting on j: the smaller the better."""
    low, high = _cofactors(f, j)
    if low in (0, _FULL):
        return len(_support(high))
    if high in (0, _FULL) or low == high ^ _FULL:
        return len(_support(low))
    return 10 + len(_support(low)) + len(_support(high))


@lru_cache(maxsize=1 << 17)
def _shortest(f: int) -> _Form:
    if f in (0, _FULL):
        return _Form("1", "1'b1" if f else "1'b0", 0)
    support = _support(f)
    if len(support) > _EXACT:
        return _split(f, min(support, key=lambda j: _promise(f, j)))
    direct = min((_split(f, j) for j in support), key=lambda form: form.cost)
    if len(support) == 1:
        return direct
    inverse = min((_split(f ^ _FULL, j) for j in support), key=lambda form: form.cost)
    return _invert(inverse) if inverse.cost + 0.5 < direct.cost else direct


def expression(table: int, operands: Sequence[str]) -> str:
    """The look-up of `table` at the address whose bit j is `operands[j]`, as a Verilog expression.

    Constants, wires, inversions, AND, OR and XOR are recognised at every step; what is left becomes `a ? b : c`.

    Args:
        table: the truth table, `2**len(operands)` bits.
        operands: at most six one-bit Verilog operands.
    """
    text = _shortest(widen(table, len(operands))).text
    return text.format(*operands)
