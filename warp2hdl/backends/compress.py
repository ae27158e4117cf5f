"""Which counters a sum of bits is made of: the fewest look-ups for given column heights.

A counter takes up to `lut_inputs` bits of three neighbouring columns (weights w, 2w, 4w) and puts out their sum in
binary, one look-up a bit: 6:3 counters, full adders, and what lies between (generalised parallel counters).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

_HIGHEST = 60  # bits of one column above which no search begins; it is recursive
# Above this height a column is taken down by the widest counter, below every choice is looked at; the lower one for
# sums of many columns, where the search would take long.
_SEARCHED, _SEARCHED_WIDE, _WIDE = 8, 5, 7


class Counter(NamedTuple):
    """A counter at some column.

    Attributes:
        takes: how many bits of the column and of the next two.
        constant: whether it adds the column's constant 1.
        outputs: how many columns, from its own up, get a bit.
    """

    takes: tuple[int, int, int]
    constant: bool
    outputs: int

    @property
    def lookups(self) -> int:
        """How many look-ups it takes: one an output, but one bit and a constant carry the bit itself."""
        return self.outputs - (sum(self.takes) == 1)


Columns = tuple[int, ...]


@cache
def _counters(lut_inputs: int) -> tuple[Counter, ...]:
    """All counters that fit, by bits taken out."""
    found = []
    for total in range(lut_inputs, 0, -1):
        for low in range(total, 0, -1):
            for middle in range(total - low + 1):
                high = total - low - middle
                for constant in (False, True):
                    if low + constant < 2:
                        continue
                    largest = low + constant + 2 * middle + 4 * high
                    found.append(Counter((low, middle, high), constant, largest.bit_length()))
    return tuple(found)


def _fits(counter: Counter, heights: Columns, constants: Columns) -> bool:
    padded = (*heights, 0, 0)
    return all(n <= padded[i] for i, n in enumerate(counter.takes)) and (not counter.constant or bool(constants[0]))


def _apply(counter: Counter, heights: Columns, constants: Columns) -> tuple[Columns, Columns]:
    after = list(heights)
    for i, n in enumerate(counter.takes):
        if n:
            after[i] -= n
    for i in range(min(counter.outputs, len(after))):
        after[i] += 1
    return tuple(after), (0, *constants[1:]) if counter.constant else constants


def _lookups(counter: Counter, columns: int) -> int:
    """Look-ups of a counter where the sum has so many columns left; carries out of them cannot occur."""
    return counter.lookups - max(0, counter.outputs - columns)


def _done(heights: Columns, constants: Columns) -> bool:
    return heights[0] + constants[0] <= 1


def _choices(heights: Columns, constants: Columns, lut_inputs: int) -> list[Counter]:
    counters = _counters(lut_inputs)
    if heights[0] > (_SEARCHED if len(heights) < _WIDE else _SEARCHED_WIDE):
        widest = min(lut_inputs, 3) if lut_inputs < 6 else 6
        return [Counter((widest, 0, 0), bool(constants[0]) and widest == 6, widest.bit_length())]
    if heights[0] + constants[0] == 2:
        return [c for c in counters if c.takes[0] == heights[0] and _fits(c, heights, constants)]
    return [c for c in counters if c.takes[0] + c.constant >= 3 and _fits(c, heights, constants)]


@lru_cache(maxsize=1 << 18)
def _best(heights: Columns, constants: Columns, lut_inputs: int) -> tuple[int, int, Counter | None]:
    """Look-ups and counters that finish the sum, and the first counter."""
    while heights and _done(heights, constants):
        heights, constants = heights[1:], constants[1:]
    if not heights:
        return 0, 0, None
    best: tuple[int, int, Counter | None] | None = None
    for counter in _choices(heights, constants, lut_inputs):
        rest = _best(*_apply(counter, heights, constants), lut_inputs)
        found = (_lookups(counter, len(heights)) + rest[0], 1 + rest[1], counter)
        if best is None or found[:2] < best[:2]:
            best = found
    assert best is not None
    return best


def _lower(heights: Columns, lut_inputs: int) -> tuple[list[tuple[int, Counter]], Columns]:
    """Counters of bits of one weight until no column is higher than `_HIGHEST`; the search is recursive."""
    widest = min(lut_inputs, 3) if lut_inputs < 6 else 6
    counter = Counter((widest, 0, 0), False, widest.bit_length())
    found = []
    for column in range(len(heights)):
        while heights[column] > _HIGHEST:
            found.append((column, counter))
            below, above = heights[:column], heights[column:]
            heights = below + _apply(counter, above, ())[0]
    return found, heights


def plan(heights: Columns, constant: int, lut_inputs: int) -> list[tuple[int, Counter]]:
    """The counters, with their columns, that turn bits into a binary number, in the order of use.

    Args:
        heights: how many bits of weight 1, 2, 4, ...; as many columns as the sum has bits.
        constant: what is added.
        lut_inputs: inputs of a look-up.
    """
    constants = tuple(constant >> i & 1 for i in range(len(heights)))
    found, heights = _lower(heights, lut_inputs)
    column = 0
    while heights:
        if _done(heights, constants):
            heights, constants, column = heights[1:], constants[1:], column + 1
            continue
        counter = _best(heights, constants, lut_inputs)[2]
        assert counter is not None
        found.append((column, counter))
        heights, constants = _apply(counter, heights, constants)
    return found
