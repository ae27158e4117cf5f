"""LUT networks as straight x86-64 machine code with AVX-512's three-input instruction, written in time linear in it.

A look-up of up to three inputs is one VPTERNLOGQ whose immediate byte is its table; one of four inputs is a pair of
them or two that a third one chooses between, and parts of larger tables are chosen between likewise. Nodes of one form
have the same instructions: a template is copied for all of them at once, and addresses and tables are filled in.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from warp2hdl.kernels import simd_pairs

_CHUNK = 2048  # bytes of code that are repeated: what they read and write stays in the nearest cache meanwhile
_PIECE = 512
# rbx holds the address of the signals, r12 how many vectors there are, rbp how many are left.
_BEGIN = b"\x53\x55\x41\x54\x48\x89\xfb\x49\x89\xd4"  # push rbx; push rbp; push r12; mov rbx, rdi; mov r12, rdx
_END = b"\xc5\xf8\x77\x41\x5c\x5d\x5b\xc3"  # vzeroupper; pop r12; pop rbp; pop rbx; ret
_AGAIN = b"\x4c\x89\xe5"  # mov rbp, r12
_ADD = b"\x48\x81\xc3"  # add rbx, ...
_NEXT = b"\xff\xcd\x0f\x85"  # dec ebp; jnz ...
_MULTIPLY = b"\x49\x69\xc4"  # imul rax, r12, ...
_REWIND = b"\x48\x29\xc3"  # sub rbx, rax
# Opcode map, mandatory prefix (1: 66, 2: F3) and opcode of VMOVDQU64 and VPTERNLOGQ.
_LOAD, _STORE, _TERNARY = (1, 2, 0x6F), (1, 2, 0x7F), (3, 1, 0x25)
_CHOICE = 0xD8  # z ? y : x
_LOOK_UP_BYTES = 7
_SIGNALS = 3  # rbx
_INPUTS = 16  # the first of the registers that hold the inputs of a larger table


@dataclass
class Template:
    """The code of one node.

    Attributes:
        code: the bytes, 0 where something is filled in.
        addresses: where in it the 4 bytes of an address go, and of which operand: a fan-in, or -1 for the target.
        tables: where in it a byte of the table goes, and which byte.
        pairs: where in it the code of a pair for a part of 16 bits of the table goes, for which register, which part.
    """

    code: bytearray = field(default_factory=bytearray)
    addresses: list[tuple[int, int]] = field(default_factory=list)
    tables: list[tuple[int, int]] = field(default_factory=list)
    pairs: list[tuple[int, int, int]] = field(default_factory=list)

    def load(self, register: int, operand: int) -> None:
        """Register from memory."""
        self._instruction(_LOAD, register, 0, None)
        self._address(operand)

    def store(self, register: int) -> None:
        """Register to the target."""
        self._instruction(_STORE, register, 0, None)
        self._address(-1)

    def copy(self, register: int, source: int) -> None:
        """Register from register."""
        self._instruction(_LOAD, register, 0, source)

    def look_up(self, register: int, second: int, third: int, part: int) -> None:
        """`register = table[4 register + 2 second + third]`, the table a byte of the node's."""
        self._instruction(_TERNARY, register, second, third)
        self._table(part)

    def look_up_from(self, register: int, second: int, operand: int, part: int) -> None:
        """The same, the third input from memory."""
        self._instruction(_TERNARY, register, second, None)
        self._address(operand)
        self._table(part)

    def choose(self, zero: int, one: int, chooser: int) -> None:
        """`zero = chooser ? one : zero`."""
        self._instruction(_TERNARY, zero, one, chooser)
        self.code.append(_CHOICE)

    def choose_from(self, zero: int, one: int, operand: int) -> None:
        """The same, the chooser from memory."""
        self._instruction(_TERNARY, zero, one, None)
        self._address(operand)
        self.code.append(_CHOICE)

    def pair(self, register: int, part: int) -> None:
        """A function of the first four inputs in two instructions, which differ from node to node."""
        self.pairs.append((len(self.code), register, part))
        self.code += bytes(len(_pair_codes(register)[0]))

    def _address(self, operand: int) -> None:
        self.addresses.append((len(self.code), operand))
        self.code += bytes(4)

    def _table(self, part: int) -> None:
        self.tables.append((len(self.code), part))
        self.code.append(0)

    def _instruction(self, kind: tuple[int, int, int], register: int, second: int, third: int | None) -> None:
        """EVEX prefix, opcode and ModRM of a 512-bit instruction on quadwords; the third operand None is in memory."""
        opcodes, prefix, opcode = kind
        kept = 0 if third is None else third
        inverted = (register >> 3 & 1) << 7 | (kept >> 4 & 1) << 6 | (kept >> 3 & 1) << 5 | (register >> 4 & 1) << 4
        mode = 0x80 | _SIGNALS if third is None else 0xC0 | third & 7
        self.code += bytes(
            (
                0x62,
                inverted ^ 0xF0 | opcodes,
                0x84 | (~second & 15) << 3 | prefix,
                0x40 | (~second >> 4 & 1) << 3,
                opcode,
                mode | (register & 7) << 3,
            )
        )


@cache
def _pair_codes(register: int) -> npt.NDArray[np.uint8]:
    """uint8 `[forms, bytes]`: the code of a pair in each form, which ends each of its look-ups with the table."""
    codes = []
    for form in simd_pairs.FORMS:
        a, b, c, d, e = (_INPUTS + number for number in form)
        t = Template()
        t.copy(register, a)
        t.look_up(register, b, c, 0)
        t.look_up(register, d, e, 0)
        codes.append(np.frombuffer(bytes(t.code), np.uint8))
    return np.stack(codes)


@cache
def template(arity: int, paired: int = 0) -> Template:
    """The code of a node of 1 to 6 inputs.

    Args:
        arity: how many inputs.
        paired: bit i is set if bits 16 i to 16 i + 15 of the table are computed by a pair.
    """
    t = Template()
    if arity < 3:
        t.load(0, arity - 1)
        t.look_up_from(0, 0, 0, 0)
    elif arity == 3:
        t.load(0, 2)
        t.load(1, 1)
        t.look_up_from(0, 1, 0, 0)
    elif arity == 4 and paired:
        _load_inputs(t, 4)
        t.pair(0, 0)
    else:
        _load_inputs(t, arity - 1)
        _choose(t, arity - 1, 0, 0, paired)
        _choose(t, arity - 1, 1, 1 << (arity - 4), paired)
        t.choose_from(0, 1, arity - 1)
    t.store(0)
    return t


def _load_inputs(t: Template, count: int) -> None:
    for j in range(count):
        t.load(_INPUTS + j, j)


def _choose(t: Template, arity: int, register: int, part: int, paired: int) -> None:
    """The value of the part of a table that inputs 0 to `arity - 1` address, into a register; uses those above it.

    `part` counts bytes of the table.
    """
    if arity == 3:
        t.copy(register, _INPUTS + 2)
        t.look_up(register, _INPUTS + 1, _INPUTS, part)
        return
    if arity == 4 and paired >> part // 2 & 1:
        t.pair(register, part // 2)
        return
    _choose(t, arity - 1, register, part, paired)
    _choose(t, arity - 1, register + 1, part + (1 << (arity - 4)), paired)
    t.choose(register, register + 1, _INPUTS + arity - 1)


def _small_tables(arity: int, tables: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Tables of one or two inputs as those of three: the last input at address bits 2 and 1, the first at bit 0."""
    one, two, three = (np.uint64(number) for number in (1, 2, 3))
    if arity == 1:
        return (tables & one) | (tables >> one) << np.uint64(7)
    return (tables & three) | (tables >> two) << np.uint64(6)


def node_code(
    arity: int, fanins: npt.NDArray[np.int32], tables: npt.NDArray[np.uint64], targets: npt.NDArray[np.int32]
) -> list[bytes]:
    """The code of nodes of one arity, in pieces.

    Args:
        arity: 1 to 6.
        fanins: int32 `[nodes, arity]`, bytes from `signals`.
        tables: uint64 `[nodes]`.
        targets: int32 `[nodes]`, bytes from `signals`.
    """
    if arity < 4:
        code = _filled(template(arity), fanins, _small_tables(arity, tables) if arity < 3 else tables, targets)
        rows = max(1, _PIECE // code.shape[1])
        return [code[start : start + rows].tobytes() for start in range(0, len(code), rows)]
    parts = tables.astype("<u8").view("<u2").reshape(-1, 4)[:, : 1 << (arity - 4)]
    paired = ((simd_pairs.pairs()[parts, 0] != simd_pairs.NONE) << np.arange(parts.shape[1])).sum(axis=1)
    pieces = [b""] * len(tables)
    for form in np.unique(paired).tolist():
        rows_of = np.flatnonzero(paired == form)
        code = _filled(template(arity, form), fanins[rows_of], tables[rows_of], targets[rows_of])
        for row, line in zip(rows_of.tolist(), code, strict=True):
            pieces[row] = line.tobytes()
    return pieces


def _filled(
    t: Template, fanins: npt.NDArray[np.int32], tables: npt.NDArray[np.uint64], targets: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint8]:
    """uint8 `[nodes, bytes]`: copies of a template with what each node's code needs."""
    code = np.tile(np.frombuffer(bytes(t.code), np.uint8), (len(tables), 1))
    words = np.ascontiguousarray(tables.astype("<u8"))
    eighths, quarters = words.view(np.uint8).reshape(-1, 8), words.view("<u2").reshape(-1, 4)
    for place, operand in t.addresses:
        address = targets if operand < 0 else fanins[:, operand]
        code[:, place : place + 4] = address.astype("<i4").view(np.uint8).reshape(-1, 4)
    for place, part in t.tables:
        code[:, place] = eighths[:, part]
    for place, register, part in t.pairs:
        form, inner, outer = simd_pairs.pairs()[quarters[:, part]].T
        codes = _pair_codes(register)
        stop = place + codes.shape[1]
        code[:, place:stop] = codes[form]
        code[:, stop - 1] = outer
        code[:, stop - 1 - _LOOK_UP_BYTES] = inner
    return code


def call_code(function: int, argument: int) -> bytes:
    """The code of a call of the function at an address with the address of the signals and another one."""
    numbers = argument.to_bytes(8, "little"), function.to_bytes(8, "little")
    return b"\x48\x89\xdf\x48\xbe" + numbers[0] + b"\x48\xb8" + numbers[1] + b"\xff\xd0"


def repeated(pieces: Sequence[bytes], step: int) -> bytes:
    """Code that goes through each part of the pieces for all vectors before it goes on to the next part.

    Args:
        pieces: code of nodes and calls.
        step: bytes from vector to vector of all signals, below 2**31.
    """
    further = step.to_bytes(4, "little")
    parts: list[list[bytes]] = [[]]
    size = 0
    for piece in pieces:
        if size and size + len(piece) > _CHUNK:
            parts.append([])
            size = 0
        parts[-1].append(piece)
        size += len(piece)
    code = []
    for part in parts:
        body = b"".join(part) + _ADD + further + _NEXT
        code += [_AGAIN, body, (-len(body) - 4).to_bytes(4, "little", signed=True), _MULTIPLY, further, _REWIND]
    return b"".join(code)


class Code:
    """`network(signals, _, vectors)` as machine code in memory of its own, first written, then made executable.

    Attributes:
        address: where it begins.

    Raises:
        OSError: the system does not allow it.
    """

    def __init__(self, code: bytes) -> None:
        code = _BEGIN + code + _END
        self._memory = mmap.mmap(-1, len(code), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory.write(code)
        self._handle = ctypes.c_char.from_buffer(self._memory)
        self.address = ctypes.addressof(self._handle)
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        if protect(ctypes.c_void_p(self.address), ctypes.c_size_t(len(self._memory)), mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "no memory can be made executable")


def is_possible() -> bool:
    """Whether this system takes code of this form: an x86-64 CPU and the System V calling convention."""
    return sys.platform != "win32" and platform.machine().lower() in ("x86_64", "amd64")
