"""Class scores and arg max over bit planes: 512 samples at a time, one bit of a score a plane.

Every kernel is `count(signals, out, params)`. `params`, int64: classes; planes of a score; planes of a class id; the
addresses of where each class's outputs begin (int64 `[classes + 1]`, multiples of 16), of the outputs (int32, bytes
from `signals`; unused ones lead to zeros), of the biases (int64 `[classes]`), and of a place to work in, of
`2 * planes of a score + planes of a class id` vectors and 512 int64 a class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from llvmlite import ir

from warp2hdl.kernels.simd_target import CHOICE, MORE, WORDS, Kernel, machine
from warp2hdl.kernels.vector import I1, I32, I64, POINTER

_ARGUMENTS = (("signals", POINTER), ("out", POINTER), ("params", POINTER))
STEP = 16
"""Outputs that are counted at a time."""

_LINE = 64
_ZERO = ir.Constant(WORDS, [0] * 8)


class _Params(NamedTuple):
    classes: ir.Value
    planes: ir.Value
    id_planes: ir.Value
    offsets: ir.Value
    outputs: ir.Value
    biases: ir.Value
    work: ir.Value


def _params(p: Kernel) -> _Params:
    numbers = [p.parameter(number) for number in range(3)]
    return _Params(*numbers, *(p.pointer(number) for number in range(3, 7)))


@cache
def class_ids(level: str) -> Callable[..., None]:
    """The class with the highest score, the first of them, int64 `[512]` at `out`."""
    p = Kernel(_ARGUMENTS, level)
    b = p.builder
    q = _params(p)
    best = p.at(q.work, b.mul(q.planes, I64(_LINE)))
    ids = p.at(best, b.mul(q.planes, I64(_LINE)))
    with p.loop(I64(0), b.add(q.planes, q.id_planes), 1) as (plane, _):
        p.put(_ZERO, p.index(best, plane, _LINE))
    with p.loop(I64(0), q.classes, 1) as (number, _):
        _score(p, q, number)
        more = _is_more(p, q, best)
        _choose(p, q.planes, best, more, lambda plane: p.get(p.index(q.work, plane, _LINE)))
        _choose(p, q.id_planes, ids, more, lambda plane: p.all_lanes(b.lshr(number, plane)))
    _unpack(p, ids, q.id_planes, p["out"])
    return p.compile(machine(level))


@cache
def scores(level: str) -> Callable[..., None]:
    """The scores, int64 `[512, classes]` at `out`."""
    p = Kernel(_ARGUMENTS, level)
    b = p.builder
    q = _params(p)
    words = p.at(q.work, b.mul(b.add(b.mul(q.planes, I64(2)), q.id_planes), I64(_LINE)))
    with p.loop(I64(0), q.classes, 1) as (number, _):
        _score(p, q, number)
        _unpack(p, q.work, q.planes, words)
        with p.loop(I64(0), I64(512), 1) as (sample, _):
            place = b.add(b.mul(sample, q.classes), number)
            p.store(p.load(p.index(words, sample, 8), I64), p.index(p["out"], place, 8))
    return p.compile(machine(level))


def _score(p: Kernel, q: _Params, number: ir.Value) -> None:
    """The planes of a class's score, to the beginning of the place to work in."""
    b = p.builder
    bias = p.load(p.index(q.biases, number, 8), I64)
    with p.loop(I64(0), q.planes, 1) as (plane, _):
        p.put(p.all_lanes(b.lshr(bias, plane)), p.index(q.work, plane, _LINE))
    start = p.load(p.index(q.offsets, number, 8), I64)
    stop = p.load(p.index(q.offsets, b.add(number, I64(1)), 8), I64)
    with p.loop(start, stop, STEP, [_ZERO] * 4) as (output, sums):
        places = [p.load(p.index(q.outputs, b.add(output, I64(i)), 4), I32) for i in range(STEP)]
        vectors = [p.get(p.at(p["signals"], b.zext(place, I64))) for place in places]
        for level in range(4):
            sums[level], vectors = _absorb(p, sums[level], vectors)
        _ripple(p, q, 4, vectors[0])
    for level, vector in enumerate(sums):
        _ripple(p, q, level, vector)


def _absorb(p: Kernel, total: ir.Value, vectors: list[ir.Value]) -> tuple[ir.Value, list[ir.Value]]:
    """Adds pairs of vectors to a sum of one bit; the sum and the carries."""
    carries = []
    for first, second in zip(vectors[::2], vectors[1::2], strict=True):
        total, carry = p.full_add(total, first, second)
        carries.append(carry)
    return total, carries


def _ripple(p: Kernel, q: _Params, first: int, vector: ir.Value) -> None:
    """Adds a vector to the planes of the score from `first` on."""
    with p.loop(I64(first), q.planes, 1, [vector]) as (plane, carried):
        place = p.index(q.work, plane, _LINE)
        total, carried[0] = p.half_add(p.get(place), carried[0])
        p.put(total, place)


def _is_more(p: Kernel, q: _Params, best: ir.Value) -> ir.Value:
    """Where the score is above the best one."""
    with p.loop(I64(0), q.planes, 1, [_ZERO]) as (plane, more):
        score, other = p.get(p.index(q.work, plane, _LINE)), p.get(p.index(best, plane, _LINE))
        more[0] = p.three(MORE, score, other, more[0])
    found: ir.Value = more[0]
    return found


def _choose(p: Kernel, count: ir.Value, planes: ir.Value, where: ir.Value, new: Callable[[ir.Value], ir.Value]) -> None:
    with p.loop(I64(0), count, 1) as (plane, _):
        place = p.index(planes, plane, _LINE)
        p.put(p.three(CHOICE, where, new(plane), p.get(place)), place)


def _unpack(p: Kernel, planes: ir.Value, count: ir.Value, out: ir.Value) -> None:
    """Numbers below 2**32 in planes, as int64 `[512]`."""
    b = p.builder
    some = ir.VectorType(I32, 16)
    with p.loop(I64(0), I64(32), 1) as (part, _):
        with p.loop(I64(0), count, 1, [ir.Constant(some, [0] * 16)]) as (plane, numbers):
            word = p.load(p.at(p.index(planes, plane, _LINE), b.mul(part, I64(2))), ir.IntType(16))
            bits = b.zext(b.bitcast(word, ir.VectorType(I1, 16)), some)
            numbers[0] = b.or_(numbers[0], b.shl(bits, p.spread(b.trunc(plane, I32), 16).value))
        p.put(b.zext(numbers[0], ir.VectorType(I64, 16)), p.at(out, b.mul(part, I64(128))))
