"""Class scores and arg max over bit planes: 512 samples at a time, one bit of a score a plane."""

from __future__ import annotations

from functools import cache

from llvmlite import ir

from warp2hdl.kernels.simd_target import CHOICE, MORE, VECTOR_BYTES, WORDS, Kernel, machine
from warp2hdl.kernels.vector import I1, I32, I64, POINTER, Function

STEP = 32
"""Outputs that are added up at a time."""
SUMS = STEP.bit_length() - 1
"""Planes of a score that each step adds to; a score has at least as many."""
HEADER = 5
"""int64 words before the outputs of the parameters of `add`."""

_ZERO = ir.Constant(WORDS, [0] * 8)


@cache
def add(level: str) -> Function:
    """`add(signals, params)` adds some outputs to the score of their class.

    `params`, int64: where the score's planes begin (bytes from `signals`); how many there are; how many of them to set
    to the bias first (all or none); the bias; how many outputs, a multiple of `STEP`; then the outputs (int32, bytes
    from `signals`; those that fill up lead to zeros).
    """
    p = Kernel((("signals", POINTER), ("params", POINTER)), level)
    b = p.builder
    score, planes, fresh, bias, count = p.at(p["signals"], p.parameter(0)), *map(p.parameter, range(1, 5))
    outputs = p.at(p["params"], I64(8 * HEADER))
    with p.loop(I64(0), fresh, 1) as (plane, _):
        p.put(p.all_lanes(b.lshr(bias, plane)), p.index(score, plane, VECTOR_BYTES))
    places = [p.at(score, I64(plane * VECTOR_BYTES)) for plane in range(SUMS)]
    with p.loop(I64(0), count, STEP, [p.get(place) for place in places]) as (output, sums):

        def carry(level: int, first: int) -> ir.Value:
            """The outputs from `first` on, `2**level` of them, added to the lower sums: what is carried on."""
            if not level:
                place = p.load(p.index(outputs, b.add(output, I64(first)), 4), I32)
                return p.get(p.at(p["signals"], b.zext(place, I64)))
            pair = [carry(level - 1, first + half * (1 << (level - 1))) for half in (0, 1)]
            sums[level - 1], carried = p.full_add(sums[level - 1], *pair)
            return carried

        with p.loop(I64(SUMS), planes, 1, [carry(SUMS, 0)]) as (plane, carried):
            place = p.index(score, plane, VECTOR_BYTES)
            old = p.get(place)
            p.put(b.xor(old, carried[0]), place)
            carried[0] = b.and_(old, carried[0])
    for place, total in zip(places, sums, strict=True):
        p.put(total, place)
    return p.compile(machine(level))


_COUNT = (("signals", POINTER), ("out", POINTER), ("params", POINTER))


@cache
def class_ids(level: str) -> Function:
    """`class_ids(signals, out, params)`: the class with the highest score, the first of them, int64 `[512]` at `out`.

    `params`, int64: classes; planes of a score; planes of a class id; where the first score begins (bytes from
    `signals`); bytes from score to score; the address of a place to work in, of 64 bytes a plane of a score and of an
    id, and 4 KiB.
    """
    p = Kernel(_COUNT, level)
    b = p.builder
    planes, id_planes, best = p.parameter(1), p.parameter(2), p.pointer(5)
    ids = p.index(best, planes, VECTOR_BYTES)
    with p.loop(I64(0), b.add(planes, id_planes), 1) as (plane, _):
        p.put(_ZERO, p.index(best, plane, VECTOR_BYTES))
    with p.loop(I64(0), p.parameter(0), 1) as (number, _):
        score = p.at(p["signals"], p.parameter(3), b.mul(number, p.parameter(4)))
        more = _is_more(p, score, best)
        with p.loop(I64(0), planes, 1) as (plane, _):
            place = p.index(best, plane, VECTOR_BYTES)
            p.put(p.three(CHOICE, more, p.get(p.index(score, plane, VECTOR_BYTES)), p.get(place)), place)
        with p.loop(I64(0), id_planes, 1) as (plane, _):
            place = p.index(ids, plane, VECTOR_BYTES)
            p.put(p.three(CHOICE, more, p.all_lanes(b.lshr(number, plane)), p.get(place)), place)
    _unpack(p, ids, id_planes, p["out"])
    return p.compile(machine(level))


@cache
def scores(level: str) -> Function:
    """`scores(signals, out, params)`: the scores, int64 `[512, classes]` at `out`; `params` as of `class_ids`."""
    p = Kernel(_COUNT, level)
    b = p.builder
    classes, words = p.parameter(0), p.pointer(5)
    with p.loop(I64(0), classes, 1) as (number, _):
        score = p.at(p["signals"], p.parameter(3), b.mul(number, p.parameter(4)))
        _unpack(p, score, p.parameter(1), words)
        with p.loop(I64(0), I64(512), 1) as (sample, _):
            place = b.add(b.mul(sample, classes), number)
            p.store(p.load(p.index(words, sample, 8), I64), p.index(p["out"], place, 8))
    return p.compile(machine(level))


def _is_more(p: Kernel, score: ir.Value, best: ir.Value) -> ir.Value:
    """Where the score is above the best one."""
    with p.loop(I64(0), p.parameter(1), 1, [_ZERO]) as (plane, more):
        more[0] = p.three(
            MORE, p.get(p.index(score, plane, VECTOR_BYTES)), p.get(p.index(best, plane, VECTOR_BYTES)), more[0]
        )
    found: ir.Value = more[0]
    return found


def _unpack(p: Kernel, planes: ir.Value, count: ir.Value, out: ir.Value) -> None:
    """Numbers below 2**32 in planes, as int64 `[512]`."""
    b = p.builder
    some = ir.VectorType(I32, 16)
    with p.loop(I64(0), I64(32), 1) as (part, _):
        with p.loop(I64(0), count, 1, [ir.Constant(some, [0] * 16)]) as (plane, numbers):
            word = p.load(p.at(p.index(planes, plane, VECTOR_BYTES), b.mul(part, I64(2))), ir.IntType(16))
            bits = b.zext(b.bitcast(word, ir.VectorType(I1, 16)), some)
            numbers[0] = b.or_(numbers[0], b.shl(bits, p.spread(b.trunc(plane, I32), 16).value))
        p.put(b.zext(numbers[0], ir.VectorType(I64, 16)), p.at(out, b.mul(part, I64(128))))
