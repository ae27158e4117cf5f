"""The part of the C source that classifies 64 samples at a time: a bit of every signal per sample, word-parallel."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from warp2hdl.backends.bits import BitNetwork, fabric_network
from warp2hdl.backends.c_text import WIDTH, Names, array, expression
from warp2hdl.backends.expression import factor
from warp2hdl.ir.circuit import Circuit, LutNetwork

PART_STATEMENTS = 24
"""Statements per function: the time of gcc grows with the square of a function that stores much."""

_HELPERS = """
/* Bit b of byte i goes to bit i of byte b (H. S. Warren, Hacker's Delight, section 7-3). */
static uint64_t transpose(uint64_t x)
{
    x = (x & UINT64_C(0xAA55AA55AA55AA55)) | (x & UINT64_C(0x00AA00AA00AA00AA)) << 7
        | (x >> 7 & UINT64_C(0x00AA00AA00AA00AA));
    x = (x & UINT64_C(0xCCCC3333CCCC3333)) | (x & UINT64_C(0x0000CCCC0000CCCC)) << 14
        | (x >> 14 & UINT64_C(0x0000CCCC0000CCCC));
    return (x & UINT64_C(0xF0F0F0F00F0F0F0F)) | (x & UINT64_C(0x00000000F0F0F0F0)) << 28
        | (x >> 28 & UINT64_C(0x00000000F0F0F0F0));
}

/* Eight bits of the words of one feature, from `shift` on, as one word per bit. */
static void slice(const @net_word *feature, size_t samples, unsigned shift, unsigned bits, uint64_t *w)
{
    size_t first, i;
    unsigned b;
    for (b = 0; b < bits; b++)
        w[b] = 0;
    for (first = 0; first < samples; first += 8) {
        uint64_t x = 0;
        for (i = 0; i < 8 && first + i < samples; i++)
            x |= (uint64_t)((unsigned)feature[(first + i) * @NET_FEATURES] >> shift & 0xFFU) << 8 * i;
        x = transpose(x);
        for (b = 0; b < bits; b++)
            w[b] |= (x >> 8 * b & 0xFFU) << first;
    }
}

/* How many of the outputs from `first` to before `end` are 1, plus `bias`, as one word per bit. */
static void count_ones(const uint64_t *w, uint32_t first, uint32_t end, uint32_t bias, uint64_t *score)
{
    unsigned b;
    for (b = 0; b < @score_bits; b++)
        score[b] = (bias >> b & 1U) ? ~UINT64_C(0) : 0;
    for (; first < end; first++) {
        uint64_t carry = w[output_slots[first]];
        for (b = 0; carry; b++) {
            const uint64_t both = score[b] & carry;
            score[b] ^= carry;
            carry = both;
        }
    }
}

/* The class with the highest score, the lowest one among equals, as one word per bit. */
static void arg_max(const uint64_t *scores, uint64_t *found)
{
    uint64_t best[@score_bits];
    unsigned b;
    uint32_t group;
    for (b = 0; b < @score_bits; b++)
        best[b] = scores[b];
    for (b = 0; b < @class_bits; b++)
        found[b] = 0;
    for (group = 1; group < @NET_CLASSES; group++) {
        uint64_t wins = 0;
        scores += @score_bits;
        for (b = 0; b < @score_bits; b++)
            wins = (scores[b] & ~best[b]) | (~(scores[b] ^ best[b]) & wins);
        for (b = 0; b < @score_bits; b++)
            best[b] ^= (best[b] ^ scores[b]) & wins;
        for (b = 0; b < @class_bits; b++)
            found[b] = (group >> b & 1U) ? found[b] | wins : found[b] & ~wins;
    }
}

/* The number of one sample, of which `w` has one word per bit. */
static uint32_t gather(const uint64_t *w, unsigned bits, unsigned sample)
{
    uint32_t found = 0;
    unsigned b;
    for (b = 0; b < bits; b++)
        found |= (uint32_t)(w[b] >> sample & 1U) << b;
    return found;
}
"""
_FUNCTION = """
/* At most 64 samples. */
static void classify_block(const @net_word *features, size_t samples, uint64_t *w, @net_class *classes,
                           @net_score *scores)
{
    uint64_t *const totals = w + @slots;
    uint64_t found[@class_bits], *next = w;
    uint32_t group, first = 0;
    unsigned sample;
    size_t i;
    for (i = 0; i < @NET_FEATURES; i++) {
        const unsigned bits = feature_bits[i];
        slice(features + i, samples, 0, bits < 8 ? bits : 8, next);
        if (bits > 8)
            slice(features + i, samples, 8, bits - 8, next + 8);
        next += bits;
    }
@run    for (group = 0; group < @NET_CLASSES; group++) {
        count_ones(w, first, output_end[group], output_bias[group], totals + group * @score_bits);
        first = output_end[group];
    }
    arg_max(totals, found);
    for (sample = 0; sample < samples; sample++)
        classes[sample] = (@net_class)gather(found, @class_bits, sample);
    if (!scores)
        return;
    for (sample = 0; sample < samples; sample++)
        for (group = 0; group < @NET_CLASSES; group++)
            *scores++ = (@net_score)gather(totals + group * @score_bits, @score_bits, sample);
}

void @net_classify_batch(const @net_word *features, size_t samples, uint64_t *workspace, @net_class *classes,
    @net_score *scores)
{
    size_t first;
    for (first = 0; first < samples; first += 64) {
        const size_t count = samples - first < 64 ? samples - first : 64;
        classify_block(features + first * @NET_FEATURES, count, workspace, classes + first,
                       scores ? scores + first * @NET_CLASSES : NULL);
    }
}
"""
_RUN = """    for (i = 0; i < sizeof parts / sizeof parts[0]; i++)
        parts[i](w);
"""


@dataclass(frozen=True)
class BatchCode:
    """C text, and how many 64-bit words of workspace it needs."""

    text: str
    workspace_words: int


def assign_slots(network: LutNetwork) -> tuple[list[int], int]:
    """A word of the workspace for each signal; one that is read no more makes room for another.

    Returns:
        A slot per signal, those of the inputs equal to their numbers, and how many slots there are.
    """
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    last = dict.fromkeys(range(network.inputs), -1)
    for n in range(network.nodes):
        last.update(dict.fromkeys(fanins[offsets[n] : offsets[n + 1]], n))
    last.update(dict.fromkeys(network.outputs.tolist(), network.nodes))
    slots = list(range(network.inputs))
    free = [s for s in reversed(range(network.inputs)) if last[s] < 0]
    count = network.inputs
    for n in range(network.nodes):
        free += [slots[s] for s in dict.fromkeys(fanins[offsets[n] : offsets[n + 1]]) if last[s] == n]
        if not free:
            free.append(count)
            count += 1
        slots.append(free.pop())
    return slots, count


def _statements(network: LutNetwork, slots: Sequence[int]) -> Iterator[str]:
    words = [f"w[{slot}]" for slot in slots]
    fanins, offsets = network.fanins.tolist(), network.fanin_offsets.tolist()
    for n, table in enumerate(network.tables.tolist()):
        operands = [words[s] for s in fanins[offsets[n] : offsets[n + 1]]]
        text = f"    {words[network.inputs + n]} = {expression(factor(table, len(operands)), operands)};"
        if len(text) > WIDTH:
            text = textwrap.fill(text, WIDTH, subsequent_indent=" " * 8)
        yield text


def _parts(bits: BitNetwork, slots: Sequence[int]) -> list[str]:
    """Functions of bounded size that compute all nodes in order."""
    statements = list(_statements(bits.network, slots))
    found: list[str] = []
    bounds = pairwise([*(stage.first for stage in bits.stages), len(statements)])
    for stage, (begin, end) in zip(bits.stages, bounds, strict=True):
        for first in range(begin, end, PART_STATEMENTS):
            body = "\n".join(statements[first : min(first + PART_STATEMENTS, end)])
            head = f"/* {stage.title} */\nstatic void part_{len(found)}(uint64_t *w)"
            found.append(f"{head}\n{{\n{body}\n}}\n")
    return found


def _part_list(count: int) -> str:
    # Through pointers: a function that is called once would be inlined, and all become one.
    names = textwrap.fill(", ".join(f"part_{i}" for i in range(count)), WIDTH - 4)
    return f"static void (*const parts[{count}])(uint64_t *) = {{\n{textwrap.indent(names, '    ')},\n}};\n"


def batch_code(circuit: Circuit, names: Names) -> BatchCode:
    """The function `<name>_classify_batch` with all it calls."""
    groups = circuit.groups
    bits = fabric_network(circuit)
    slots, count = assign_slots(bits.network)
    # An output's place in the workspace, class by class; none at all is no array in C.
    outputs = [slots[s] for s in bits.network.outputs.tolist()] or [0]
    tables = [
        array("feature_bits", circuit.encoder.feature_bits.tolist()),
        array("output_slots", outputs),
        array("output_end", groups.offsets[1:].tolist()),
        array("output_bias", groups.bias.tolist()),
    ]
    parts = _parts(bits, slots)
    listing = [*parts, _part_list(len(parts))] if parts else []
    widths = {"class_bits": groups.class_bits, "score_bits": groups.score_bits}
    helpers = names.fill(_HELPERS, **widths)
    function = names.fill(_FUNCTION, **widths, run=_RUN if parts else "", slots=count)
    pieces = ["\n".join(tables) + "\n", helpers.lstrip(), *listing, function.lstrip()]
    return BatchCode("\n".join(pieces), count + groups.classes * groups.score_bits)
