"""The C++ that Verilator writes of a design, made quicker to compile; what it computes stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

# A constant word of a vector. Through VlWide's operator, which is a function call without optimisation, it takes the
# compiler a third of its time and the simulation a call.
_WORD = re.compile(r"(vlSelfRef\.\w+)(?=\[(?:0x[0-9a-f]+|\d+)U\])")

# A function that evaluates logic: where it starts, its region, its statements.
_FUNCTION = re.compile(
    r"^((?:VL_ATTR_COLD )?void Vtop\w+?___([a-z]+)_(?:sequent|comb)__\w+\(Vtop\w+\* vlSelf\) \{\n)(.*?)(?=\n\}\n)",
    re.MULTILINE | re.DOTALL,
)
_SETTLE = "stl"
_NEXT = re.compile(r"\n    (?=[^\s}])")


def shorten(folder: Path) -> None:
    """Rewrites the files `Vtop*.cpp` of a folder."""
    files = list(folder.glob("Vtop*.cpp"))
    again: set[str] = set()
    for path in files:
        functions = _FUNCTION.finditer(path.read_text())
        again.update(s for function in functions if function[2] != _SETTLE for s in _statements(function))
    for path in files:
        text = _FUNCTION.sub(lambda function: _without(function, again), path.read_text())
        path.write_text(_WORD.sub(r"\1.m_storage", text))


def _statements(function: re.Match[str]) -> list[str]:
    return _NEXT.split(function[3])


def _without(function: re.Match[str], again: set[str]) -> str:
    """A function that settles the logic once at the start, without what is evaluated again before anybody sees it.

    Logic that inputs reach is evaluated with the first inputs, all other with each clock edge: until the first one its
    nets keep a random value, as registers do. Constants are in no other function, and stay.
    """
    if function[2] != _SETTLE:
        return function[0]
    kept = [s for s in _statements(function) if s not in again or not s.lstrip().startswith("vlSelfRef.")]
    return function[1] + "\n    ".join(kept)
