"""Feature words become bit planes: comparisons with thresholds, 512 samples a plane.

Every kernel is `pack(x, signals, params)`: it reads one block of samples at `x` and writes the planes of its signals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from llvmlite import ir

from warp2hdl.kernels.simd_target import BYTES, LANES, VECTOR_BYTES, WORDS, Kernel, machine
from warp2hdl.kernels.vector import I1, I32, I64, POINTER, Function, _declared

_ROWS = 4  # that are compared before the next group
_AHEAD = 8  # rows that memory is asked for in advance
FLAGS = ir.VectorType(I1, 64)
_PAIRS = ir.VectorType(ir.IntType(16), 32)
_ARGUMENTS = (("x", POINTER), ("signals", POINTER), ("params", POINTER))


@cache
def rows(level: str, few: bool, masked: bool) -> Function:
    """Samples as rows of bytes; 64 comparators at a time, of a window of 64 bytes. For AVX-512 alone.

    Rows are read in their order, a few at a time, as memory gives them soonest.

    `params`, int64: bytes from row to row; how many groups of 64 comparators; the addresses of the groups' windows
    (int64, the first byte), of their choices of bytes and of their thresholds (uint8 `[groups, 64]`) and, if `masked`,
    of masks of the comparators that are ever true (uint64); a mask of the bytes that a row has, if these are `few`,
    fewer than 64; the address of 4608 bytes a group to work in. Comparator i of group g becomes plane `64 g + i`.
    """
    p = Kernel(_ARGUMENTS, level)
    b = p.builder
    groups = p.parameter(1)
    strips = p.pointer(7)
    squares = p.index(strips, groups, 512)
    with p.loop(I64(0), I64(8), 1) as (word, _):
        with p.loop(I64(0), I64(64), _ROWS) as (row, _), p.loop(I64(0), groups, 1) as (group, _):
            strip = p.at(p.index(strips, group, 512), b.mul(row, I64(8)))
            _compare(p, b.add(b.mul(word, I64(64)), row), group, strip, few, masked)
        with p.loop(I64(0), groups, 1) as (group, _):
            vectors = [p.get(p.at(p.index(strips, group, 512), I64(64 * i))) for i in range(8)]
            _turn(p, vectors, (32, 16, 8))
            for i, vector in enumerate(vectors):
                p.put(vector, p.at(squares, b.mul(group, I64(4096)), b.mul(word, I64(512)), I64(64 * i)))
    with p.loop(I64(0), groups, 1) as (group, _), p.loop(I64(0), I64(8), 1) as (part, _):
        square = p.at(p.index(squares, group, 4096), b.mul(part, I64(64)))
        vectors = [p.get(p.at(square, I64(512 * i))) for i in range(8)]
        for _ in range(3):
            vectors = _interleaved(b, vectors)
        _turn(p, vectors, (4, 2, 1))
        target = p.at(p.index(p["signals"], group, 64 * VECTOR_BYTES), b.mul(part, I64(8 * VECTOR_BYTES)))
        for i, vector in enumerate(vectors):
            p.put(vector, p.at(target, I64(VECTOR_BYTES * i)))
    return p.compile(machine(level))


def _compare(p: Kernel, row: ir.Value, group: ir.Value, strip: ir.Value, few: bool, masked: bool) -> None:
    """64 comparators of a few rows, a word for each row."""
    b = p.builder
    stride = p.parameter(0)
    windows, choices, thresholds, masks = (p.pointer(number) for number in range(2, 6))
    line = b.mul(group, I64(64))
    pick = (_pick_bytes if p.level == "avx512vbmi" else _pick_words)(p, p.get(p.at(choices, line), BYTES))
    threshold = p.get(p.at(thresholds, line), BYTES)
    place = p.at(p["x"], p.load(p.index(windows, group, 8), I64), b.mul(row, stride))
    for i in range(_ROWS):
        found = _few(p, place) if few else p.get(place, BYTES)
        bits = b.icmp_unsigned(">=", pick(found), threshold)
        if masked:
            bits = b.and_(bits, p.load(p.index(masks, group, 8), FLAGS))
        p.store(bits, p.at(strip, I64(8 * i)))
        p.prefetch(p.at(place, b.mul(stride, I64(_AHEAD))))
        place = p.at(place, stride)


def _pick_bytes(p: Kernel, choice: ir.Value) -> Callable[[ir.Value], ir.Value]:
    """Any bytes of a vector, chosen by their numbers, in one instruction."""
    permute = _declared(p.module, "llvm.x86.avx512.permvar.qi.512", ir.FunctionType(BYTES, [BYTES, BYTES]))
    return lambda found: p.builder.call(permute, [found, choice])


def _pick_words(p: Kernel, choice: ir.Value) -> Callable[[ir.Value], ir.Value]:
    """The same where words alone can be chosen: those of even bytes, those of odd ones, moved and merged."""
    b = p.builder
    permute = _declared(p.module, "llvm.x86.avx512.permvar.hi.512", ir.FunctionType(_PAIRS, [_PAIRS, _PAIRS]))
    one, three, eight = (ir.Constant(_PAIRS, [number] * 32) for number in (1, 3, 8))
    low_byte = ir.Constant(_PAIRS, [0xFF] * 32)
    numbers = b.bitcast(choice, _PAIRS)
    # Of a word's number the instruction reads the lowest five bits.
    words = b.lshr(numbers, one), b.lshr(numbers, b.add(eight, one))
    down = b.shl(b.and_(numbers, one), three)
    up = b.sub(eight, b.shl(b.and_(b.lshr(numbers, eight), one), three))

    def pick(found: ir.Value) -> ir.Value:
        even, odd = (b.call(permute, [b.bitcast(found, _PAIRS), number]) for number in words)
        low, high = b.lshr(even, down), b.shl(odd, up)
        return b.bitcast(b.or_(b.and_(low, low_byte), b.and_(high, b.not_(low_byte))), BYTES)

    return pick


def _few(p: Kernel, place: ir.Value) -> ir.Value:
    """The bytes of a row shorter than a vector."""
    within = p.builder.bitcast(p.parameter(6), FLAGS)
    signature = ir.FunctionType(BYTES, [BYTES.as_pointer(), I32, FLAGS, BYTES])
    masked = _declared(p.module, "llvm.masked.load.v64i8.p0", signature)
    pointer = p.builder.bitcast(place, BYTES.as_pointer())
    return p.builder.call(masked, [pointer, I32(1), within, ir.Constant(BYTES, [0] * 64)])


def _turn(p: Kernel, vectors: list[ir.Value], steps: tuple[int, int, int]) -> None:
    """Three of the six steps of turning a 64 x 64 matrix of bits, in each word of eight vectors."""
    for apart, step in zip((4, 2, 1), steps, strict=True):
        _exchange(p, vectors, apart, step)


def _exchange(p: Kernel, vectors: list[ir.Value], apart: int, step: int) -> None:
    """Swaps the bits of each word that have `step` in their number with those of the vector `apart` that lack it."""
    b = p.builder
    low = sum(1 << bit for bit in range(64) if not bit & step)
    mask, shift = ir.Constant(WORDS, [low] * 8), ir.Constant(WORDS, [step] * 8)
    for i in range(8):
        if not i & apart:
            moved = b.and_(b.xor(b.lshr(vectors[i], shift), vectors[i + apart]), mask)
            vectors[i + apart] = b.xor(vectors[i + apart], moved)
            vectors[i] = b.xor(vectors[i], b.shl(moved, shift))


@cache
def columns(level: str, kind: str) -> Function:
    """Samples as columns of values of a type: u1 to u8, i1 to i8, f4 or f8, as NumPy calls them.

    `params`, int64: how many comparators; the addresses of their columns' first bytes and of their planes (int64, from
    `x` and from `signals`), of their thresholds (of the type) and of masks (int64, all ones, or 0 for one that is never
    true).
    """
    p = Kernel(_ARGUMENTS, level)
    b = p.builder
    size = int(kind[1])
    value = {"f4": ir.FloatType(), "f8": ir.DoubleType()}.get(kind, ir.IntType(8 * size))
    compare = {"u": b.icmp_unsigned, "i": b.icmp_signed, "f": b.fcmp_ordered}[kind[0]]
    places, planes, thresholds, masks = (p.pointer(number) for number in range(1, 5))
    with p.loop(I64(0), p.parameter(0), 1) as (number, _):
        column = p.at(p["x"], p.load(p.index(places, number, 8), I64))
        plane = p.at(p["signals"], p.load(p.index(planes, number, 8), I64))
        limit = p.spread(p.load(p.index(thresholds, number, size), value), 64).value
        mask = p.load(p.index(masks, number, 8), I64)
        with p.loop(I64(0), I64(8), 1) as (lane, _):
            found = p.get(p.at(column, b.mul(lane, I64(64 * size))), limit.type)
            bits = b.bitcast(compare(">=", found, limit), I64)
            p.store(b.and_(bits, mask), p.at(plane, b.mul(lane, I64(8))))
    return p.compile(machine(level))


@cache
def turned(level: str, size: int) -> Function:
    """Samples as rows of values of `size` bytes: turned into columns first, 16 bytes of 16 / `size` rows at a time.

    `params`, int64: those of `columns`, whose columns are 512 values each and begin at 0; then bytes from row to row;
    how many tiles; the address of their first features (int64); the address of the columns; `columns` itself.
    """
    p = Kernel(_ARGUMENTS, level)
    b = p.builder
    count = 16 // size
    kind = ir.VectorType(ir.IntType(8 * size), count)
    stride, tiles, firsts, work = p.parameter(5), p.parameter(6), p.pointer(7), p.pointer(8)
    with p.loop(I64(0), tiles, 1) as (tile, _):
        feature = p.load(p.index(firsts, tile, 8), I64)
        source = p.at(p["x"], b.mul(feature, I64(size)))
        target = p.at(work, b.mul(feature, I64(LANES * size)))
        with p.loop(I64(0), I64(LANES), count) as (row, _):
            place = p.at(source, b.mul(row, stride))
            vectors = [p.get(p.at(place, b.mul(stride, I64(i))), kind) for i in range(count)]
            for _ in range(count.bit_length() - 1):
                vectors = _interleaved(b, vectors)
            for i, vector in enumerate(vectors):
                p.put(vector, p.at(target, I64(LANES * size * i), b.mul(row, I64(size))))
    p.call_at(p.parameter(9), work, p["signals"], p["params"])
    return p.compile(machine(level))


def _interleaved(b: ir.IRBuilder, vectors: list[ir.Value]) -> list[ir.Value]:
    """One of the equal steps of turning a square: lanes of the first half and of the second half by turns."""
    count = len(vectors)
    found = []
    for first, second in zip(vectors[: count // 2], vectors[count // 2 :], strict=True):
        for start in (0, count // 2):
            lanes = [lane + offset for lane in range(start, start + count // 2) for offset in (0, count)]
            found.append(b.shuffle_vector(first, second, ir.Constant(ir.VectorType(I32, count), lanes)))
    return found
