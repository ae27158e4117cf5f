"""LUT networks as BENCH text, the form in which ABC takes and gives truth tables."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter

import numpy as np

from warp2hdl.errors import FormatError
from warp2hdl.ir.circuit import LutNetwork

_GATE = re.compile(r"^(\S+)\s*=\s*(?:LUT\s+(0x[0-9a-fA-F]+)|(\w+))\s*(?:\(([^)]*)\))?\s*$")
_CONSTANTS = {"gnd": 0, "vdd": 1}

Gate = tuple[int, tuple[str, ...]]


def to_bench(network: LutNetwork) -> str:
    """The network with inputs `i0`, ..., nodes `n0`, ... and outputs `o0`, ..., look-ups as hexadecimal tables."""
    names = [f"i{i}" for i in range(network.inputs)] + [f"n{n}" for n in range(network.nodes)]
    lines = [f"INPUT({name})" for name in names[: network.inputs]]
    lines += [f"OUTPUT(o{number})" for number in range(len(network.outputs))]
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        reads = ", ".join(names[s] for s in fanins[offsets[n] : offsets[n + 1]])
        lines.append(f"n{n} = LUT 0x{table:x} ( {reads} )" if reads else f"n{n} = {'vdd' if table else 'gnd'}")
    lines += [f"o{number} = BUFF({names[s]})" for number, s in enumerate(network.outputs.tolist())]
    return "\n".join(lines) + "\n"


def from_bench(text: str, inputs: int, outputs: int) -> LutNetwork:
    """The network that ABC's `write_bench` wrote; buffers vanish.

    Args:
        text: look-ups, buffers and inverters over the names of `to_bench`, in any order.
        inputs: how many inputs the network had.
        outputs: how many outputs it had.

    Raises:
        FormatError: a line that is none of these, or a signal that nothing drives.
    """
    gates = _gates(text)
    signal = {f"i{i}": i for i in range(inputs)}
    offsets, fanins, tables = [0], list[int](), list[int]()
    order = TopologicalSorter({name: reads for name, (_, reads) in gates.items()}).static_order()
    for name in order:
        if name in signal:
            continue
        if name not in gates:
            raise FormatError(f"ABC wrote a network in which nothing drives {name}; please report this.")
        table, reads = gates[name]
        if len(reads) == 1 and table == 0b10:
            signal[name] = signal[reads[0]]
            continue
        signal[name] = inputs + len(tables)
        fanins += [signal[read] for read in reads]
        offsets.append(len(fanins))
        tables.append(table)
    return LutNetwork(
        inputs,
        np.array(offsets, np.int64),
        np.array(fanins, np.int32),
        np.array(tables, np.uint64),
        np.array([signal[f"o{number}"] for number in range(outputs)], np.int32),
    )


def _gates(text: str) -> dict[str, Gate]:
    gates: dict[str, Gate] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "INPUT(", "OUTPUT(")):
            continue
        match = _GATE.match(line)
        if match is None:
            raise FormatError(f"ABC wrote {line!r} in line {number}, which is no look-up; please report this.")
        name, table, word, operands = match.groups()
        reads = tuple(part.strip() for part in (operands or "").split(",") if part.strip())
        gates[name] = (_table(table, word, len(reads), line), reads)
    return gates


def _table(table: str | None, word: str | None, arity: int, line: str) -> int:
    if table is not None:
        return int(table, 16) & (1 << (1 << arity)) - 1
    known = {"BUFF": 0b10, "NOT": 0b01} if arity == 1 else _CONSTANTS if arity == 0 else {}
    if word not in known:
        raise FormatError(f"ABC wrote {line!r}, which is no look-up; please report this.")
    return known[word]
