"""AVX-512 instructions of many nodes at a time: equal ones, whose registers, addresses and tables may differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = int | npt.NDArray[np.integer]
"""A number that all nodes share, or one for each."""
Addresses = npt.NDArray[np.integer]
"""Bytes from the first signal, below 2**31, one for each node."""

# Opcode map, mandatory prefix (1: 66, 2: F3) and opcode of VMOVDQU64 and VPTERNLOGQ.
_LOAD, _STORE, _TERNARY = (1, 2, 0x6F), (1, 2, 0x7F), (3, 1, 0x25)
_SIGNALS = 3  # rbx holds the address that all others are relative to


class Lines:
    """The code of some nodes, which grows instruction by instruction. Registers are those of 512 bits, 0 to 31.

    Args:
        nodes: how many.
    """

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._columns: list[Numbers] = []

    def load(self, register: Numbers, address: Addresses) -> None:
        """Register from memory."""
        self._instruction(_LOAD, register, 0, None)
        self._address(address)

    def store(self, register: Numbers, address: Addresses) -> None:
        """Memory from register."""
        self._instruction(_STORE, register, 0, None)
        self._address(address)

    def copy(self, register: Numbers, source: Numbers) -> None:
        """Register from register."""
        self._instruction(_LOAD, register, 0, source)

    def look_up(self, register: Numbers, second: Numbers, third: Numbers, table: Numbers) -> None:
        """`register = table[4 register + 2 second + third]`."""
        self._instruction(_TERNARY, register, second, third)
        self._columns.append(table)

    def look_up_from(self, register: Numbers, second: Numbers, address: Addresses, table: Numbers) -> None:
        """The same, the third input from memory."""
        self._instruction(_TERNARY, register, second, None)
        self._address(address)
        self._columns.append(table)

    def code(self) -> npt.NDArray[np.uint8]:
        """uint8 `[nodes, bytes]`."""
        shared = np.array([column if isinstance(column, int) else 0 for column in self._columns], np.uint8)
        found = np.tile(shared, (self._nodes, 1))
        for place, column in enumerate(self._columns):
            if not isinstance(column, int):
                found[:, place] = column
        return found

    def _address(self, address: Addresses) -> None:
        self._columns += list(np.ascontiguousarray(address, "<i4").view(np.uint8).reshape(-1, 4).T)

    def _instruction(
        self, kind: tuple[int, int, int], register: Numbers, second: Numbers, third: Numbers | None
    ) -> None:
        """EVEX prefix, opcode and ModRM of an instruction on 64-bit words; the third operand None is in memory."""
        opcodes, prefix, opcode = kind
        kept = 0 if third is None else third
        inverted = (register >> 3 & 1) << 7 | (kept >> 4 & 1) << 6 | (kept >> 3 & 1) << 5 | (register >> 4 & 1) << 4
        mode = 0x80 | _SIGNALS if third is None else 0xC0 | kept & 7
        self._columns += [
            0x62,
            inverted ^ 0xF0 | opcodes,
            0x84 | (second & 15 ^ 15) << 3 | prefix,
            0x40 | (second >> 4 & 1 ^ 1) << 3,
            opcode,
            mode | (register & 7) << 3,
        ]
