"""Machine code for x86-64 that goes through the nodes of a network, and memory that it may run in."""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
from collections.abc import Sequence

_CHUNK = 1536  # bytes of code that are repeated: what they read and write stays in the nearest cache meanwhile
_AHEAD = 2048  # bytes that code is asked for in advance, more than a chunk
_LINES = 128  # bytes that come together: two lines of the second cache
# rbx holds the address of the signals, r12 how many vectors there are, rbp how many are left, r13 what code comes soon.
_BEGIN = b"\x53\x55\x41\x54\x41\x55\x41\x55"  # push rbx; push rbp; push r12; push r13, twice to stay at 16 bytes
_BEGIN += b"\x48\x89\xfb\x49\x89\xd4"  # mov rbx, rdi; mov r12, rdx
_END = b"\xc5\xf8\x77\x41\x5d\x41\x5d\x41\x5c\x5d\x5b\xc3"  # vzeroupper; pop r13, twice; pop r12; pop rbp; pop rbx; ret
_SOON = b"\x4c\x8d\x2d"  # lea r13, [rip + ...]
_FETCH = b"\x41\x0f\x18\x95"  # prefetcht1 [r13 + ...]
_FETCHED = b"\x49\x81\xc5"  # add r13, ...
_AGAIN = b"\x4c\x89\xe5"  # mov rbp, r12
_ADD = b"\x48\x81\xc3"  # add rbx, ...
_NEXT = b"\xff\xcd\x0f\x85"  # dec ebp; jnz ...
_MULTIPLY = b"\x49\x69\xc4"  # imul rax, r12, ...
_REWIND = b"\x48\x29\xc3"  # sub rbx, rax


def call_code(function: int, argument: int) -> bytes:
    """The code of a call of the function at an address with the address of the signals and another one."""
    numbers = argument.to_bytes(8, "little"), function.to_bytes(8, "little")
    return b"\x48\x89\xdf\x48\xbe" + numbers[0] + b"\x48\xb8" + numbers[1] + b"\xff\xd0"


def repeated(pieces: Sequence[bytes], step: int, shares: int) -> bytes:
    """Code that goes through each part of the pieces for all vectors before it goes on to the next part.

    Args:
        pieces: code of nodes and calls.
        step: bytes from vector to vector of all signals, below 2**31.
        shares: the code of the part after the next is asked for meanwhile, which no CPU does so far in advance: such a
            share of it for each vector. 0 asks for none.
    """
    further = _word(step)
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
        body = b"".join(part)
        body = _fetch(len(body), shares) + body + _ADD + further + _NEXT
        code += [_SOON, _word(_AHEAD), _AGAIN, body, _word(-len(body) - 4), _MULTIPLY, further, _REWIND]
    return b"".join(code)


def _fetch(size: int, shares: int) -> bytes:
    """Code that asks for its share of so many bytes of code each time that it runs."""
    if not shares:
        return b""
    lines = -(-size // (_LINES * shares))
    asked = b"".join(_FETCH + _word(_LINES * line) for line in range(lines))
    return asked + _FETCHED + _word(_LINES * lines)


def _word(number: int) -> bytes:
    return number.to_bytes(4, "little", signed=True)


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
