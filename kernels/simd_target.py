"""What the kernels of circuits in software are compiled for, and the small steps that they share."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import cache

import llvmlite.binding as llvm
from llvmlite import ir

from warp2hdl.kernels.vector import I8, I32, I64, POINTER, Program, _declared

LANES = 512
"""Samples of a vector: one bit each."""

VECTOR_BYTES = LANES // 8

WORDS = ir.VectorType(I64, 8)
BYTES = ir.VectorType(I8, 64)

LEVELS = ("avx512vbmi", "avx512", "avx2", "none")
"""Instruction sets, the widest first: AVX-512 with permutations of bytes, AVX-512 as all CPUs for servers that have any
of it, AVX2, no more than any CPU of the same architecture has."""

AVX512 = LEVELS[:2]
"""Those with AVX-512's three-input instruction."""

_V4 = ("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd")  # what LLVM means by x86-64-v4
_GENERATIONS = {"avx512": "x86-64-v4", "avx2": "x86-64-v3"}


@cache
def host_level() -> str:
    """The widest of `LEVELS` that this CPU has."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return "none"
    features = llvm.get_host_cpu_features()
    if all(features.get(name) for name in _V4):
        return "avx512vbmi" if features.get("avx512vbmi") else "avx512"
    return "avx2" if features.get("avx2") else "none"


@cache
def machine(level: str) -> llvm.TargetMachine:
    """LLVM's target machine for an instruction set that this CPU has."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = "", ""
    if level == "avx512vbmi":
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    elif level in _GENERATIONS:
        cpu = _GENERATIONS[level]
    elif platform.machine().lower() in ("x86_64", "amd64"):
        cpu = "x86-64"
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=cpu, features=features, opt=2, jit=True, codemodel="jitdefault")


class Kernel(Program):
    """A program whose vectors are 512 bits, on whatever registers the instruction set has for them."""

    def __init__(self, arguments: Sequence[tuple[str, ir.Type]], level: str) -> None:
        super().__init__(arguments)
        self.level = level

    def parameter(self, number: int) -> ir.Value:
        """An int64 of the array that the argument `params` points to."""
        return self.load(self.index(self["params"], I64(number), 8), I64)

    def pointer(self, number: int) -> ir.Value:
        """An address in the array that the argument `params` points to."""
        return self.builder.inttoptr(self.parameter(number), POINTER)

    def at(self, pointer: ir.Value, *offsets: ir.Value) -> ir.Value:
        """The address so many bytes further."""
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def get(self, pointer: ir.Value, kind: ir.Type = WORDS) -> ir.Value:
        """A vector from any address."""
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=1)

    def put(self, value: ir.Value, pointer: ir.Value) -> None:
        """A vector to any address."""
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=1)

    def all_lanes(self, bit: ir.Value) -> ir.Value:
        """A vector of ones where the lowest bit of an int64 is 1, of zeros where it is 0."""
        b = self.builder
        return self.spread(b.sub(I64(0), b.and_(bit, I64(1))), WORDS.count).value

    def three(self, table: int, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """A function of three vectors; bit `4 x + 2 y + z` of the table is its value."""
        b = self.builder
        if self.level in AVX512:
            signature = ir.FunctionType(WORDS, [WORDS, WORDS, WORDS, I32])
            function = _declared(self.module, "llvm.x86.avx512.pternlog.q.512", signature)
            return b.call(function, [x, y, z, I32(table)])
        return _FORMS[table](b, x, y, z)

    def full_add(self, x: ir.Value, y: ir.Value, z: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Sum and carry of three vectors."""
        return self.three(PARITY, x, y, z), self.three(MAJORITY, x, y, z)

    def call_at(self, address: ir.Value, *arguments: ir.Value) -> None:
        """Calls the compiled function at an address."""
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in arguments])
        self.builder.call(self.builder.inttoptr(address, kind.as_pointer()), arguments)


PARITY, MAJORITY, CHOICE, MORE = 0x96, 0xE8, 0xCA, 0xB2
"""Tables for `Kernel.three`: x ^ y ^ z; two of three; x ? y : z; x > y, or z where they are equal."""

_Form = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
_FORMS: dict[int, _Form] = {
    PARITY: lambda b, x, y, z: b.xor(b.xor(x, y), z),
    MAJORITY: lambda b, x, y, z: b.or_(b.and_(x, y), b.and_(z, b.or_(x, y))),
    CHOICE: lambda b, x, y, z: b.xor(z, b.and_(x, b.xor(y, z))),
    MORE: lambda b, x, y, z: b.xor(z, b.and_(b.xor(x, y), b.xor(x, z))),
}
