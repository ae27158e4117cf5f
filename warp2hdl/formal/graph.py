"""And-inverter graphs: what both sides of a proof are brought to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from warp2hdl.backends.aiger import encode_ands
from warp2hdl.errors import FormatError

FALSE, TRUE = 0, 1
"""The literals of the constants."""

Words = npt.NDArray[np.uint64]


class Graph:
    """ANDs over literals, in topological order; the same AND is made once.

    Variable 0 is the constant, 1 to `inputs` are the inputs, the ANDs follow. The literal of variable v is `2 * v`,
    that of its inverse `2 * v + 1`, as in the AIGER format (A. Biere, 2011).
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.left: list[int] = []
        self.right: list[int] = []
        self._made: dict[int, int] = {}

    @property
    def variables(self) -> int:
        """How many variables there are, the constant included."""
        return 1 + self.inputs + len(self.left)

    def input(self, index: int) -> int:
        """The literal of an input."""
        return 2 * (index + 1)

    def conjunction(self, a: int, b: int) -> int:
        """The literal of `a & b`."""
        if a < b:
            a, b = b, a
        if b <= 1 or a ^ b <= 1:
            return a if b == TRUE or a == b else FALSE
        key = a << 32 | b
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = 2 * self.variables
            self.left.append(a)
            self.right.append(b)
        return found

    def either(self, a: int, b: int) -> int:
        """The literal of `a | b`."""
        return self.conjunction(a ^ 1, b ^ 1) ^ 1

    def choice(self, selector: int, high: int, low: int) -> int:
        """The literal of `selector ? high : low`."""
        if high == low:
            return high
        return self.either(self.conjunction(selector, high), self.conjunction(selector ^ 1, low))

    def parity(self, a: int, b: int) -> int:
        """The literal of `a ^ b`."""
        flip = (a ^ b) & 1
        a, b = a & ~1, b & ~1
        return self.conjunction(self.conjunction(a, b) ^ 1, self.either(a, b)) ^ flip

    def lookup(self, table: int, address: Sequence[int]) -> int:
        """The literal of bit `address` of `table`, the first address bit the lowest: a tree of multiplexers."""
        if not address:
            return table & 1
        half = 1 << (len(address) - 1)
        low, high = table & ((1 << half) - 1), table >> half
        if low == high:
            return self.lookup(low, address[:-1])
        return self.choice(address[-1], self.lookup(high, address[:-1]), self.lookup(low, address[:-1]))

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """The literals of sum and carry of three bits."""
        half = self.parity(a, b)
        return self.parity(half, c), self.either(self.conjunction(a, b), self.conjunction(half, c))

    def add(self, a: Sequence[int], b: Sequence[int], carry: int = FALSE) -> list[int]:
        """The bits of the sum of two words of one width, lowest first, cut to that width."""
        total = []
        for x, y in zip(a, b, strict=True):
            bit, carry = self.full_adder(x, y, carry)
            total.append(bit)
        return total

    def less(self, a: Sequence[int], b: Sequence[int]) -> int:
        """The literal of `a < b`, for unsigned words of one width, lowest bits first."""
        found = FALSE
        for x, y in zip(a, b, strict=True):
            found = self.choice(self.parity(x, y), y, found)
        return found

    def equal(self, a: Sequence[int], b: Sequence[int]) -> int:
        """The literal of `a == b`, for words of one width."""
        found = TRUE
        for x, y in zip(a, b, strict=True):
            found = self.conjunction(found, self.parity(x, y) ^ 1)
        return found

    def at_least(self, word: Sequence[int], constant: int) -> int:
        """The literal of `word >= constant`, for an unsigned word, lowest bit first."""
        return self.less(word, [constant >> i & 1 for i in range(len(word))]) ^ 1

    def copy(self, source: Graph, literals: Sequence[int], place: dict[int, int]) -> list[int]:
        """Builds the cones of `literals` of another graph in this one.

        Args:
            source: the other graph.
            literals: of `source`.
            place: variable of `source` -> literal of this graph, for what the cones are to stand on; grows by all that
                is copied.

        Raises:
            KeyError: a cone reaches an input of `source` that has no place.
        """
        place.setdefault(0, FALSE)
        for variable in source.cone(literals, place):
            index = variable - 1 - source.inputs
            if index < 0:
                raise KeyError(variable)
            a, b = source.left[index], source.right[index]
            place[variable] = self.conjunction(place[a >> 1] ^ (a & 1), place[b >> 1] ^ (b & 1))
        return [place[x >> 1] ^ (x & 1) for x in literals]

    def cone(self, literals: Iterable[int], leaves: dict[int, int] | set[int]) -> list[int]:
        """The variables that `literals` stand on, ascending, down to inputs and `leaves`; the latter are left out."""
        first = 1 + self.inputs
        found = set()
        waiting = [x >> 1 for x in literals]
        while waiting:
            variable = waiting.pop()
            if variable in found or variable in leaves:
                continue
            found.add(variable)
            if variable >= first:
                waiting.append(self.left[variable - first] >> 1)
                waiting.append(self.right[variable - first] >> 1)
        found.discard(0)
        return sorted(found)

    def simulate(self, inputs: Words) -> Words:
        """Every variable `[variables, lanes]` for packed inputs `[inputs, lanes]`, 64 samples a lane."""
        values = np.zeros((self.variables, inputs.shape[1]), np.uint64)
        values[1 : 1 + self.inputs] = inputs
        flip = np.array([0, 0xFFFF_FFFF_FFFF_FFFF], np.uint64)
        left, right = np.array(self.left, np.int64), np.array(self.right, np.int64)
        level = self._levels()
        order = np.argsort(level, kind="stable")
        for run in np.split(order, np.flatnonzero(np.diff(level[order])) + 1) if len(order) else []:
            a, b = left[run], right[run]
            x = values[a >> 1] ^ flip[a & 1, None]
            values[1 + self.inputs + run] = x & (values[b >> 1] ^ flip[b & 1, None])
        return values

    def _levels(self) -> npt.NDArray[np.int64]:
        """How many ANDs deep each AND is."""
        level = [0] * (1 + self.inputs)
        for a, b in zip(self.left, self.right, strict=True):
            x, y = level[a >> 1], level[b >> 1]
            level.append(1 + (x if x > y else y))
        return np.array(level[1 + self.inputs :], np.int64)

    def encode(self, outputs: Sequence[int]) -> bytes:
        """The graph as a binary AIGER file without names."""
        ands = len(self.left)
        header = f"aig {self.variables - 1} {self.inputs} 0 {len(outputs)} {ands}\n"
        header += "".join(f"{o}\n" for o in outputs)
        literals = range(2 * (1 + self.inputs), 2 * self.variables, 2)
        return header.encode("ascii") + encode_ands(zip(literals, self.left, self.right, strict=True))


def decode(data: bytes) -> tuple[Graph, list[int]]:
    """The graph in a binary AIGER file without latches, and the literals of its outputs.

    Raises:
        FormatError: the file is damaged, or none of that kind.
    """
    try:
        header, position = data[: data.index(b"\n")].split(), data.index(b"\n") + 1
        if header[0] != b"aig" or int(header[3]):
            raise ValueError("a header other than `aig M I 0 O A`")
        inputs, count, ands = int(header[2]), int(header[4]), int(header[5])
        outputs = []
        for _ in range(count):
            end = data.index(b"\n", position)
            outputs.append(int(data[position:end]))
            position = end + 1
        return _decode_ands(data, position, inputs, ands), outputs
    except (ValueError, IndexError) as error:
        raise FormatError(f"the AIGER file cannot be read ({error}); please report this.") from error


def _decode_ands(data: bytes, position: int, inputs: int, ands: int) -> Graph:
    graph = Graph(inputs)
    for literal in range(2 * (1 + inputs), 2 * (1 + inputs + ands), 2):
        pair = []
        for _ in range(2):
            value = shift = 0
            while data[position] & 0x80:
                value |= (data[position] & 0x7F) << shift
                shift += 7
                position += 1
            pair.append(value | data[position] << shift)
            position += 1
        graph.left.append(literal - pair[0])
        graph.right.append(literal - pair[0] - pair[1])
    return graph
