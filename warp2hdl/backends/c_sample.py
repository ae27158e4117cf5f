"""The part of the C source that classifies one sample: constant tables and a loop over them, a bit per signal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from warp2hdl.backends.c_text import Names, array
from warp2hdl.backends.graph import ONE
from warp2hdl.backends.netlist import Netlist, Node
from warp2hdl.ir.circuit import Circuit

_HELPERS = """
static unsigned get_bit(const uint8_t *bits, uint32_t number)
{
    return (unsigned)bits[number >> 3] >> (number & 7U) & 1U;
}
"""
_PUT = """
/* Bits are written in order; the first of a byte clears the others. */
static void put_bit(uint8_t *bits, uint32_t number, unsigned value)
{
    const unsigned before = (number & 7U) ? bits[number >> 3] : 0U;
    bits[number >> 3] = (uint8_t)(before | value << (number & 7U));
}
"""
_COMPARE = """
    for (signal = 0; signal < @comparators; signal++)
        put_bit(workspace, signal, features[compared_feature[signal]] >= compared_threshold[signal]);
"""
_LOOK_UP = """
    for (run = 0; run < @runs; run++) {
        const uint32_t end = node + run_nodes[run];
        for (; node < end; node++) {
            unsigned address = 0, input;
            for (input = 0; input < run_inputs[run]; input++)
                address |= get_bit(workspace, fanins[fanin++]) << input;
            put_bit(workspace, signal++, (unsigned)(tables[node] >> address & 1U));
        }
    }
"""
_FUNCTION = """
@net_class @net_classify(const @net_word *features, uint8_t *workspace, @net_score *scores)
{
    uint32_t @counters;
    @net_class found = 0;
    @net_score best = 0;
@body
    for (group = 0; group < @NET_CLASSES; group++) {
        @net_score score = class_bias[group];
        for (; output < class_end[group]; output++)
            score = (@net_score)(score + get_bit(workspace, outputs[output]));
        if (group == 0 || score > best) {
            best = score;
            found = (@net_class)group;
        }
        if (scores)
            scores[group] = score;
    }
    return found;
}
"""


@dataclass(frozen=True)
class SampleCode:
    """C text, and how many bytes of workspace it needs."""

    text: str
    workspace_bytes: int


def _ordered(netlist: Netlist) -> list[Node]:
    """The nodes by level, and within a level by arity, so that few runs of one arity come about."""
    return [node for layer in netlist.layers for node in sorted(layer, key=lambda node: len(node.fanins))]


def _fabric_tables(circuit: Circuit, netlist: Netlist, nodes: list[Node], place: dict[int, int]) -> list[str]:
    encoder = circuit.encoder
    bits = list(netlist.comparators)
    found = [
        array("compared_feature", encoder.bit_feature[bits].tolist()),
        array("compared_threshold", encoder.bit_threshold[bits].tolist()),
    ]
    if nodes:
        runs = [(arity, len(list(run))) for arity, run in groupby(len(node.fanins) for node in nodes)]
        found += [
            array("run_inputs", [arity for arity, _ in runs]),
            array("run_nodes", [count for _, count in runs]),
            array("fanins", [place[s] for node in nodes for s in node.fanins]),
            array("tables", [node.table for node in nodes]),
        ]
    return found


def _output_tables(circuit: Circuit, netlist: Netlist, place: dict[int, int], names: Names) -> list[str]:
    """The signals that each class counts, without the constant ones."""
    taps: list[int] = []
    ends, biases = [], []
    bounds = pairwise(circuit.groups.offsets.tolist())
    for (first, end), bias in zip(bounds, circuit.groups.bias.tolist(), strict=True):
        group = netlist.outputs[first:end]
        taps += [place[s] for s in group if s >= 0]
        ends.append(len(taps))
        biases.append(bias + group.count(ONE))
    return [
        array("outputs", taps or [0]),
        array("class_end", ends),
        array("class_bias", biases, f"{names.lower}_score"),
    ]


def sample_code(circuit: Circuit, netlist: Netlist, names: Names) -> SampleCode:
    """The function `<name>_classify` with its tables."""
    nodes = _ordered(netlist)
    signals = [*netlist.comparators, *(node.signal for node in nodes)]
    place = {signal: number for number, signal in enumerate(signals)}
    tables, body, counters = [], "", ["group", "output = 0"]
    if netlist.comparators:
        tables += _fabric_tables(circuit, netlist, nodes, place)
        body += _COMPARE
        counters.append("signal")
    else:
        body += "\n    (void)features;\n"
    runs = len(list(groupby(len(node.fanins) for node in nodes)))
    if nodes:
        body += _LOOK_UP
        counters += ["run", "node = 0", "fanin = 0"]
    tables += _output_tables(circuit, netlist, place, names)
    body = names.fill(body, comparators=len(netlist.comparators), runs=runs)
    function = names.fill(_FUNCTION, counters=", ".join(counters), body=body)
    helpers = _HELPERS + (_PUT if netlist.comparators else "")
    return SampleCode("\n".join(tables) + "\n" + helpers + function, max(1, -(-len(signals) // 8)))
