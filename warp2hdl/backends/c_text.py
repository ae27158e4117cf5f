"""Pieces of C99 text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warp2hdl.backends.expression import Form
from warp2hdl.backends.names import identifier
from warp2hdl.ir.circuit import Circuit

WIDTH = 110


@dataclass(frozen=True)
class Names:
    """What the public types, functions and constants of a circuit start with: `net_` and `NET_`."""

    lower: str
    upper: str

    @staticmethod
    def of(circuit: Circuit) -> Names:
        """Those made of the circuit's name.

        Raises:
            BackendError: the name has no letter or digit.
        """
        name = identifier(circuit.metadata.name)
        return Names(name, name.upper())

    def fill(self, text: str, **values: object) -> str:
        """`text` with `@net`, `@NET` and each `@key` of `values` replaced, the longest keys first."""
        replacements = {"net": self.lower, "NET": self.upper} | {key: str(value) for key, value in values.items()}
        for key in sorted(replacements, key=len, reverse=True):
            text = text.replace(f"@{key}", replacements[key])
        return text


def unsigned(maximum: int) -> str:
    """The smallest unsigned type that holds `maximum`."""
    return next(f"uint{bits}_t" for bits in (8, 16, 32, 64) if maximum >> bits == 0)


def array(name: str, values: Sequence[int], kind: str | None = None) -> str:
    """A constant array of the smallest type, or of `kind`, of at least one number of at least 0."""
    # A large decimal constant would be of a signed type.
    texts = (f"{value:#x}" if value >> 31 else str(value) for value in values)
    body = textwrap.fill(", ".join(texts) + ",", WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f"static const {kind or unsigned(max(values))} {name}[{len(values)}] = {{\n{body}\n}};"


def comment(lines: Iterable[str]) -> str:
    """A comment of lines that hold no end of a comment."""
    return "\n".join(["/*", *(f" * {line}".rstrip() for line in lines), " */"])


def _inside(form: Form, operator: str, operands: Sequence[str]) -> str:
    bare = form.operator in "1v~" or form.operator == operator
    text = expression(form, operands)
    return text if bare else f"({text})"


def expression(form: Form, operands: Sequence[str]) -> str:
    """A form over 64-bit lanes."""
    match form.operator:
        case "1":
            return "~UINT64_C(0)" if form.number else "UINT64_C(0)"
        case "v":
            return operands[form.number]
        case "~":
            return "~" + _inside(form.parts[0], "~", operands)
        case "?":
            selector = operands[form.number]
            high, low = (_inside(part, "&", operands) for part in form.parts)
            return f"({selector} & {high}) | (~{selector} & {low})"
        case operator:
            return f" {operator} ".join(_inside(part, operator, operands) for part in form.parts)
