"""Straight-line vector programs: Python arithmetic on `Vector`s becomes LLVM instructions, compiled for this CPU.

Loops that a compiler would have to vectorise are written as vectors at once, so that nothing is left to its heuristics.
A compiled function runs without Python's global lock.
"""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt
from llvmlite import ir

I1, I8, I32, I64, F32 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
POINTER = I8.as_pointer()

# Products and sums may become one instruction; nothing may be reordered, or rounding by a large constant would vanish.
_FLAGS = ("contract", "nsz")


@cache
def _target() -> tuple[Any, bool]:
    """The machine to compile for, and whether it has 512-bit vectors."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=3, jit=True, codemodel="jitdefault"
    )
    return machine, bool(features.get("avx512f"))


@cache
def lanes() -> int:
    """Float32 lanes of a vector: 16 with AVX-512, 8 otherwise."""
    return 16 if _target()[1] else 8


class Vector:
    """A vector of float32 or int32 lanes in a program under construction; numbers are spread over all lanes.

    Of two vectors of different width the first lanes count, as many as both have.
    """

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    def _other(self, other: Vector | float) -> ir.Value:
        if isinstance(other, Vector):
            return resized(other, min(self.value.type.count, other.value.type.count)).value
        kind = self.value.type
        element = other if kind.element == F32 else int(other)
        return ir.Constant(kind, [element] * kind.count)

    def _make(self, name: str, left: ir.Value, right: ir.Value) -> Vector:
        left = resized(Vector(self.builder, left), right.type.count).value
        if self.value.type.element == F32:
            return Vector(self.builder, getattr(self.builder, "f" + name)(left, right, flags=_FLAGS))
        return Vector(self.builder, getattr(self.builder, name)(left, right))

    def __add__(self, other: Vector | float) -> Vector:
        return self._make("add", self.value, self._other(other))

    def __radd__(self, other: float) -> Vector:
        return self._make("add", self._other(other), self.value)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._make("sub", self.value, self._other(other))

    def __rsub__(self, other: float) -> Vector:
        return self._make("sub", self._other(other), self.value)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._make("mul", self.value, self._other(other))

    __rmul__ = __mul__

    def __and__(self, other: Vector | int) -> Vector:
        return self._make("and_", self.value, self._other(other))

    def __xor__(self, other: Vector | int) -> Vector:
        return self._make("xor", self.value, self._other(other))

    def __rshift__(self, bits: int) -> Vector:
        return Vector(self.builder, self.builder.lshr(self.value, self._other(bits)))

    def __lshift__(self, bits: int) -> Vector:
        return Vector(self.builder, self.builder.shl(self.value, self._other(bits)))

    def call(self, name: str, *others: Vector | float) -> Vector:
        """An LLVM intrinsic of this type of vector."""
        kind = self.value.type
        values = [self.value, *(self._other(other) for other in others)]
        suffix = f"v{kind.count}f32"
        function = _declared(self.builder.module, f"llvm.{name}.{suffix}", ir.FunctionType(kind, [kind] * len(values)))
        return Vector(self.builder, self.builder.call(function, values))

    def clamp(self, low: Vector | float, high: Vector | float) -> Vector:
        """Each lane within low and high."""
        return self.call("maxnum", low).call("minnum", high)

    def above(self, limit: float) -> Vector:
        """1.0 where a lane is above the limit, 0.0 elsewhere."""
        test = self.builder.fcmp_ordered(">", self.value, self._other(limit))
        return Vector(self.builder, self.builder.select(test, self._other(1.0), self._other(0.0)))

    def as_ints(self) -> Vector:
        """The same bits as int32."""
        return Vector(self.builder, self.builder.bitcast(self.value, ir.VectorType(I32, self.value.type.count)))

    def as_floats(self) -> Vector:
        """The same bits as float32."""
        return Vector(self.builder, self.builder.bitcast(self.value, ir.VectorType(F32, self.value.type.count)))

    def to_floats(self) -> Vector:
        """The int32 lanes, converted."""
        return Vector(self.builder, self.builder.sitofp(self.value, ir.VectorType(F32, self.value.type.count)))

    def inverse(self) -> Vector:
        """1 / self: the CPU's estimate and one Newton step where there is one, a division elsewhere."""
        if not _target()[1]:
            return Vector(self.builder, self.builder.fdiv(self._other(1.0), self.value))
        whole = resized(self, 16)
        kind = whole.value.type
        signature = ir.FunctionType(kind, [kind, kind, ir.IntType(16)])
        function = _declared(self.builder.module, "llvm.x86.avx512.rcp14.ps.512", signature)
        all_lanes = ir.Constant(ir.IntType(16), 0xFFFF)
        estimate = Vector(self.builder, self.builder.call(function, [whole.value, whole._other(0.0), all_lanes]))
        return resized(estimate, self.value.type.count) * (2.0 - self * estimate)


def resized(vector: Vector, count: int) -> Vector:
    """The first `count` lanes, zeros behind those that there are."""
    kind = vector.value.type
    if kind.count == count:
        return vector
    numbers = ir.Constant(ir.VectorType(I32, count), [min(lane, kind.count) for lane in range(count)])
    zeros = ir.Constant(kind, [0] * kind.count)
    return Vector(vector.builder, vector.builder.shuffle_vector(vector.value, zeros, numbers))


def sums(vectors: list[Vector]) -> Vector:
    """A vector of the sums of the lanes of some vectors; their number is a power of two, at most that of the lanes.

    Pairs are merged, half of the lanes each, so that few instructions are spent on moving lanes.
    """
    groups = 1  # partial sums of so many different vectors lie side by side in each vector
    while len(vectors) > 1:
        vectors = [_halves_added(a, b, groups) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        groups *= 2
    found = vectors[0]
    while found.value.type.count > groups:
        found = _halves_added(found, None, groups)
    return found


def _halves_added(a: Vector, b: Vector | None, groups: int) -> Vector:
    """Adds the second half of each group to the first: the groups of a, then those of b, half as wide."""
    count = a.value.type.count
    width = count // groups
    firsts = [lane for lane in range(count if b is None else 2 * count) if lane % width < width // 2]

    def lanes_of(numbers: list[int]) -> ir.Value:
        mask = ir.Constant(ir.VectorType(I32, len(numbers)), numbers)
        return a.builder.shuffle_vector(a.value, a.value if b is None else b.value, mask)

    halves = lanes_of(firsts), lanes_of([lane + width // 2 for lane in firsts])
    return Vector(a.builder, a.builder.fadd(*halves, flags=_FLAGS))


def exp2(t: Vector) -> Vector:
    """2**t for lanes within -126 to 126: a polynomial for the fraction, the exponent field for the whole part."""
    shifted = t + 12582912.0  # 1.5 * 2**23: the lowest bits of the sum are the whole part
    f = t - (shifted - 12582912.0)
    p = f * 1.32764e-3 + 9.67554e-3
    for coefficient in (5.550713e-2, 0.2402212, 0.69314697, 1.0):
        p = p * f + coefficient
    return (p.as_ints() + (shifted.as_ints() << 23)).as_floats()


def sigmoid_of_minus(v: Vector, scale: Vector, bound: Vector | float = 100.0) -> Vector:
    """`1 / (1 + 2**t)` for `t = v * scale`, or the bound, at most 100, of which t is beyond."""
    return (exp2((v * scale).clamp(bound * -1.0, bound)) + 1.0).inverse()


def log2(x: Vector) -> Vector:
    """The binary logarithm of positive normal lanes."""
    bits = x.as_ints()
    whole = bits - 0x3F3504F3  # so that the mantissa lies between sqrt(1/2) and sqrt(2)
    exponent = Vector(x.builder, x.builder.ashr(whole.value, whole._other(23)))
    m = (bits - (exponent << 23)).as_floats() - 1.0
    # atanh series: log2(1 + m) = 2 / ln 2 * (u + u**3 / 3 + ...), u = m / (2 + m)
    u = m * (m + 2.0).inverse()
    square = u * u
    p = square * 0.43292593 + 0.5766453
    for coefficient in (0.96179999, 2.88539008):
        p = p * square + coefficient
    return p * u + exponent.to_floats()


def _declared(module: ir.Module, name: str, signature: ir.FunctionType) -> ir.Function:
    return module.globals.get(name) or ir.Function(module, signature, name)


class Function:
    """A compiled program.

    Args:
        address: where it is.
        entry: where the function is that takes the arguments from a record.
        kinds: of the arguments.
    """

    def __init__(self, address: int, entry: int, kinds: Sequence[ir.Type]) -> None:
        types: dict[ir.Type, Any] = {POINTER: ctypes.c_void_p, I64: ctypes.c_int64, F32: ctypes.c_float}
        self._function = ctypes.CFUNCTYPE(None, *(types[kind] for kind in kinds))(address)
        self.address = address
        self._kinds, self._entry = kinds, entry

    def __call__(self, *arguments: float) -> None:
        """Runs it."""
        self._function(*arguments)

    def record(self, *arguments: float) -> bytes:
        """A call of it, for `chain`: the entry, the length of the record in bytes, the arguments.

        An integer may stand for a float32 of these bits.
        """
        numbers = [
            float_bits(each) if kind == F32 and isinstance(each, float) else each
            for kind, each in zip(self._kinds, arguments, strict=True)
        ]
        return struct.pack(f"<{2 + len(numbers)}q", self._entry, 8 * (2 + len(numbers)), *numbers)


def float_bits(number: float) -> int:
    """The bits of a float32."""
    return int.from_bytes(struct.pack("<f", number), "little")


class Program:
    """A function under construction.

    Args:
        arguments: name and type of each argument: `POINTER`, `I64` or `F32`.
    """

    def __init__(self, arguments: Sequence[tuple[str, ir.Type]]) -> None:
        self.module = ir.Module(name="warp2hdl")
        self.module.triple = llvm.get_default_triple()
        self._kinds = [kind for _, kind in arguments]
        self.function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), self._kinds), "kernel")
        self.builder = ir.IRBuilder(self.function.append_basic_block())
        self.lanes = lanes()
        self.arguments = {name: value for (name, _), value in zip(arguments, self.function.args, strict=True)}

    def __getitem__(self, name: str) -> ir.Value:
        return self.arguments[name]

    @contextmanager
    def loop(
        self, start: ir.Value, stop: ir.Value, step: int, carried: Sequence[ir.Value] = ()
    ) -> Iterator[tuple[ir.Value, list[ir.Value]]]:
        """`for i in range(start, stop, step)`.

        Args:
            start: int64.
            stop: int64.
            step: above 0.
            carried: values that each round passes on to the next.

        Yields:
            The counter, and a list of the carried values; the block replaces its entries. After the block the list
            holds the values of the last round, or those given if there was none.
        """
        b = self.builder
        before = b.block
        head, body, after = (self.function.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        counter = b.phi(I64)
        counter.add_incoming(start, before)
        phis = [b.phi(value.type) for value in carried]
        for phi, value in zip(phis, carried, strict=True):
            phi.add_incoming(value, before)
        b.cbranch(b.icmp_signed("<", counter, stop), body, after)
        b.position_at_end(body)
        values: list[ir.Value] = list(phis)
        yield counter, values
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, b.block)
        counter.add_incoming(b.add(counter, I64(step)), b.block)
        b.branch(head)
        b.position_at_end(after)
        values[:] = phis

    def columns(
        self,
        start: ir.Value,
        stop: ir.Value,
        count: int,
        step: Callable[[ir.Value, ir.Value | None], list[Vector]],
        *,
        halves: bool = False,
    ) -> list[Vector]:
        """Runs `step(column, mask)` for the columns from start to stop, a vector at a time.

        Args:
            start: int64.
            stop: int64.
            count: how many vectors the step gives.
            step: what is done for the columns from `column` on; the mask is None but for the last lanes.
            halves: whether what is left is done in a vector of half as many lanes where that is enough.

        Returns:
            The sums over all steps of what they give.
        """
        b = self.builder
        whole = b.add(start, b.mul(b.sdiv(b.sub(stop, start), I64(lanes())), I64(lanes())))
        few = b.icmp_signed("<=", b.sub(stop, whole), I64(lanes() // 2)) if halves else I1(0)
        wide = b.select(few, whole, stop)
        totals = [self.zero().value] * count
        with self.loop(start, whole, lanes(), totals) as (column, totals):
            totals[:] = self._added(totals, step(column, None))
        with self.loop(whole, wide, lanes(), totals) as (column, totals):  # one round, or none
            totals[:] = self._added(totals, step(column, self.first_lanes(b.sub(stop, column))))
        if halves:
            with self.loop(wide, stop, lanes(), totals) as (column, totals), self._half():  # one round, or none
                totals[:] = self._added(totals, step(column, self.first_lanes(b.sub(stop, column))))
        return [Vector(b, total) for total in totals]

    def _added(self, totals: list[ir.Value], found: list[Vector]) -> list[ir.Value]:
        b = self.builder
        return [(Vector(b, total) + resized(each, lanes())).value for total, each in zip(totals, found, strict=True)]

    @contextmanager
    def _half(self) -> Iterator[None]:
        """Vectors of half as many lanes within the block."""
        self.lanes //= 2
        yield
        self.lanes *= 2

    def scratch(self, count: int) -> ir.Value:
        """Memory of the function's own for so many vectors, to be had at its beginning."""
        place = self.builder.alloca(ir.ArrayType(ir.VectorType(F32, lanes()), count))
        place.align = 4 * lanes()
        return self.builder.bitcast(place, POINTER)

    def index(self, pointer: ir.Value, offset: ir.Value, size: int) -> ir.Value:
        """The address of element `offset` of elements of `size` bytes."""
        return self.builder.gep(pointer, [self.builder.mul(offset, I64(size))])

    def load(self, pointer: ir.Value, kind: ir.Type) -> ir.Value:
        """One element."""
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()))

    def store(self, value: ir.Value, pointer: ir.Value) -> None:
        """One element."""
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()))

    def is_set(self, flags: ir.Value, number: ir.Value) -> ir.Value:
        """Whether byte `number` of some bytes is not 0."""
        return self.builder.icmp_unsigned("!=", self.load(self.index(flags, number, 1), I8), I8(0))

    def spread(self, value: ir.Value, count: int | None = None) -> Vector:
        """A number in all lanes of a vector of `count`, by default `lanes` of the program."""
        kind = ir.VectorType(value.type, count or self.lanes)
        nothing = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(nothing, value, I32(0))
        zeros = ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count)
        return Vector(self.builder, self.builder.shuffle_vector(first, nothing, zeros))

    def zero(self) -> Vector:
        """0.0 in all lanes."""
        return Vector(self.builder, ir.Constant(ir.VectorType(F32, self.lanes), [0.0] * self.lanes))

    def count_up(self, start: ir.Value) -> Vector:
        """int32 lanes start, start + 1, ..."""
        steps = ir.Constant(ir.VectorType(I32, self.lanes), list(range(self.lanes)))
        return self.spread(start) + Vector(self.builder, steps)

    def first_lanes(self, count: ir.Value) -> ir.Value:
        """A mask of the first `count` lanes."""
        limit = self.spread(self.builder.trunc(count, I32))
        steps = ir.Constant(ir.VectorType(I32, self.lanes), list(range(self.lanes)))
        return self.builder.icmp_unsigned("<", steps, limit.value)

    def load_vector(self, pointer: ir.Value, mask: ir.Value | None, element: ir.Type = F32) -> Vector:
        """Float32 lanes from float32 or uint8 elements; 0 where the mask is 0."""
        kind = ir.VectorType(element, self.lanes)
        where = self.builder.bitcast(pointer, kind.as_pointer())
        if mask is None:
            value = self.builder.load(where, align=1)
        else:
            zero = ir.Constant(kind, [0] * self.lanes)
            value = self._masked("load", kind, where, [I32(1), mask, zero])
        if element == I8:
            wide = self.builder.zext(value, ir.VectorType(I32, self.lanes))
            value = self.builder.sitofp(wide, ir.VectorType(F32, self.lanes))
        return Vector(self.builder, value)

    def store_vector(self, value: Vector, pointer: ir.Value, mask: ir.Value | None) -> None:
        """Float32 lanes, those where the mask is 1."""
        kind = value.value.type
        where = self.builder.bitcast(pointer, kind.as_pointer())
        if mask is None:
            self.builder.store(value.value, where, align=1)
        else:
            self._masked("store", kind, where, [I32(1), mask], value.value)

    def prefetch(self, pointer: ir.Value, *, write: bool = False) -> None:
        """Brings what lies there into the cache."""
        signature = ir.FunctionType(ir.VoidType(), [POINTER, I32, I32, I32])
        function = _declared(self.module, "llvm.prefetch.p0", signature)
        self.builder.call(function, [pointer, I32(int(write)), I32(3), I32(1)])

    def _masked(
        self, what: str, kind: ir.Type, where: ir.Value, rest: list[ir.Value], stored: ir.Value | None = None
    ) -> ir.Value:
        arguments = [*([stored] if stored is not None else []), where, *rest]
        name = f"llvm.masked.{what}.v{kind.count}{'f32' if kind.element == F32 else 'i8'}.p0"
        result = ir.VoidType() if what == "store" else kind
        function = _declared(self.module, name, ir.FunctionType(result, [value.type for value in arguments]))
        return self.builder.call(function, arguments)

    def _add_entry(self) -> None:
        """A second function that takes the arguments from a record of 8 bytes each."""
        entry = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [POINTER]), "entry")
        b = ir.IRBuilder(entry.append_basic_block())
        places = (b.gep(entry.args[0], [I64(8 * i)]) for i in range(len(self._kinds)))
        b.call(
            self.function,
            [b.load(b.bitcast(p, kind.as_pointer())) for p, kind in zip(places, self._kinds, strict=True)],
        )
        b.ret_void()

    def compile(self, machine: llvm.TargetMachine | None = None) -> Function:
        """The function, for arguments of plain numbers (addresses for pointers).

        Args:
            machine: LLVM's target machine, by default this CPU with all that it has.
        """
        self.builder.ret_void()
        self.function.attributes.add("noinline")
        self._add_entry()
        machine = machine or _target()[0]
        self.module.data_layout = str(machine.target_data)
        # Vectors put by on an unaligned stack would straddle cache lines.
        text = re.sub(r"^(define .*\))", r'\1 "stackrealign"', str(self.module), flags=re.MULTILINE)
        module = llvm.parse_assembly(text)
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_unrolling = False
        options.loop_vectorization = options.slp_vectorization = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        _ENGINES.append(engine)
        return Function(engine.get_function_address("kernel"), engine.get_function_address("entry"), self._kinds)


_ENGINES: list[Any] = []  # what is compiled stays


_CACHE_LINE = 16  # numbers


def row_stride(columns: int) -> int:
    """How many float32 numbers apart rows lie that begin at cache lines."""
    stride = -(-columns // _CACHE_LINE) * _CACHE_LINE
    # Or equal columns of all rows would share few places in the cache.
    return stride + _CACHE_LINE if stride % 1024 == 0 else stride


def empty_rows(count: int, columns: int) -> npt.NDArray[np.float32]:
    """An uninitialised float32 matrix, each row of which begins at a cache line."""
    line, stride = _CACHE_LINE, row_stride(columns)
    memory = np.empty(count * stride + line, np.float32)
    first = -memory.ctypes.data // 4 % line
    return memory[first : first + count * stride].reshape(count, stride)[:, :columns]


Matrix = tuple[int, int]
"""Address and row stride, in elements, of a matrix whose rows are dense."""


def matrix(array: npt.NDArray[Any], first: int = 0) -> Matrix:
    """A matrix as the two arguments of a program.

    Args:
        array: the matrix.
        first: the number that the program gives to the first column.
    """
    return array.ctypes.data - first * array.itemsize, array.strides[0] // array.itemsize
