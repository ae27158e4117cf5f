"""A circuit as BLIF: one model, every look-up a `.names`."""

from __future__ import annotations

import textwrap
from functools import lru_cache

from warp2hdl.backends.bits import BitNetwork, bit_network
from warp2hdl.backends.expression import LOW, cofactors, support, widen
from warp2hdl.backends.names import identifier
from warp2hdl.backends.notes import describe
from warp2hdl.ir.circuit import Circuit

_FULL = (1 << 64) - 1
_LINE = 110

Cube = tuple[tuple[int, int], ...]
"""A product of literals: variables and the values that they must have."""


def convert(circuit: Circuit) -> str:
    """The whole circuit, from the bits of the feature words to those of class and scores.

    Inputs are called `in_features[i]`, outputs `out_class[i]` and `out_scores[i]`, like the bits of the ports of the
    Verilog with the interface `raw`.

    Args:
        circuit: a valid circuit.

    Raises:
        BackendError: the circuit's name has no letter or digit.
    """
    bits = bit_network(circuit)
    lines = [f"# {line}".rstrip() for line in describe(circuit)]
    lines += [f".model {identifier(circuit.metadata.name)}"]
    lines += [_declare(".inputs", bits.inputs), _declare(".outputs", bits.outputs), *_nodes(bits), ".end"]
    return "\n".join(lines) + "\n"


def _declare(keyword: str, names: tuple[str, ...]) -> str:
    lines = textwrap.wrap(" ".join(names), _LINE, break_long_words=False, break_on_hyphens=False)
    return " \\\n".join([keyword, *(f"  {line}" for line in lines)])


def _nodes(bits: BitNetwork) -> list[str]:
    network = bits.network
    names = [*bits.inputs, *(f"n{n}" for n in range(network.nodes))]
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    titles = {stage.first: stage.title for stage in bits.stages}
    lines = []
    for n, table in enumerate(network.tables.tolist()):
        if n in titles:
            lines.append(f"# {titles[n]}")
        reads = [names[s] for s in fanins[offsets[n] : offsets[n + 1]]]
        lines.append(" ".join([".names", *reads, f"n{n}"]))
        lines.extend(cover(table, len(reads)))
    for name, signal in zip(bits.outputs, network.outputs.tolist(), strict=True):
        lines += [f".names {names[signal]} {name}", "1 1"]
    return lines


@lru_cache(maxsize=1 << 16)
def cover(table: int, arity: int) -> tuple[str, ...]:
    """The lines below a `.names` of `arity` inputs: the ones of a table, or the zeros where they take fewer lines."""
    on, off = (_irredundant(widen(t, arity)) for t in (table, table ^ (1 << (1 << arity)) - 1))
    cubes, value = (on, "1") if len(on) <= len(off) or not off else (off, "0")
    if arity == 0:
        return ("1",) if table else ()
    return tuple(f"{_row(cube, arity)} {value}" for cube in cubes)


def _row(cube: Cube, arity: int) -> str:
    required = dict(cube)
    return "".join(str(required.get(j, "-")) for j in range(arity))


def _irredundant(f: int) -> list[Cube]:
    """An irredundant sum of products of a table of six variables."""
    return _between(f, f)[0]


def _between(lower: int, upper: int) -> tuple[list[Cube], int]:
    """A sum of products that covers `lower` and lies within `upper`, and its table (S. Minato, 1992)."""
    if lower == 0:
        return [], 0
    if upper == _FULL:
        return [()], _FULL
    j = (support(lower) or support(upper))[-1]
    (low0, low1), (up0, up1) = cofactors(lower, j), cofactors(upper, j)
    cubes0, f0 = _between(low0 & ~up1, up0)
    cubes1, f1 = _between(low1 & ~up0, up1)
    both, f = _between((low0 & ~f0) | (low1 & ~f1), up0 & up1)
    cubes = [((j, 0), *cube) for cube in cubes0] + [((j, 1), *cube) for cube in cubes1] + both
    return cubes, f | (f0 & LOW[j]) | (f1 & ~LOW[j] & _FULL)
