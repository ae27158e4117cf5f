"""The arg max: rounds of comparisons among two to four scores that keep the lowest index among equals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import combinations
from typing import NamedTuple

from warp2hdl.backends.graph import ONE, ZERO, Graph

Shape = tuple[tuple[int, ...], ...]
_SEARCHED = 16  # above so many classes the first rounds are of threes, which are the cheapest a class


class _Best(NamedTuple):
    """The best of a run of classes: its score and its class id, bit by bit from the lowest."""

    score: list[int]
    class_id: list[int]


def build_argmax(graph: Graph, scores: Sequence[Sequence[int]], lut_inputs: int) -> list[int]:
    """Adds what finds the class with the highest score, the lowest one among equals.

    Args:
        graph: grows by the look-ups.
        scores: per class, the score's bits, signals or constants, the lowest first; widths may differ.
        lut_inputs: inputs of a look-up.

    Returns:
        The class id in binary, the lowest bit first.
    """
    return _build(graph, scores, lut_inputs, _choose(tuple(map(len, scores)), lut_inputs))


@lru_cache(maxsize=256)
def _choose(widths: tuple[int, ...], lut_inputs: int) -> Shape:
    """The shape of the fewest look-ups, then of the fewest levels."""

    def cost(shape: Shape) -> tuple[int, int]:
        graph = Graph(sum(widths))
        first = [sum(widths[:c]) for c in range(len(widths))]
        bits = [list(range(at, at + width)) for at, width in zip(first, widths, strict=True)]
        index = _build(graph, bits, lut_inputs, shape)
        return len(graph.reaching(index)), max((graph.levels[s] for s in index if s >= 0), default=0)

    return min(shapes(len(widths), 2 if lut_inputs < 6 else 4), key=cost)


def shapes(classes: int, widest: int) -> Iterator[Shape]:
    """The rounds that may be played among `classes`: per round the sizes of the groups, each at most `widest`."""
    if classes == 1:
        yield ()
        return
    searched = range(2, min(widest, max(2, classes)) + 1)
    for size in searched if classes <= _SEARCHED else (min(3, widest),):
        for sizes in _splits(classes, size):
            yield from ((sizes, *shape) for shape in shapes(len(sizes), widest))


def _splits(classes: int, size: int) -> list[tuple[int, ...]]:
    """Groups of `size` and what is left over, and groups as even as they can be."""
    groups, left = -(-classes // size), classes % size
    full = (size,) * (classes // size) + ((left,) if left else ())
    small, larger = divmod(classes, groups)
    even = (small + 1,) * larger + (small,) * (groups - larger)
    return [full] if full == even else [full, even]


def _build(graph: Graph, scores: Sequence[Sequence[int]], lut_inputs: int, shape: Shape) -> list[int]:
    bits = max(1, (len(scores) - 1).bit_length())
    runs = [_Best(list(s), [ONE if c >> b & 1 else ZERO for b in range(bits)]) for c, s in enumerate(scores)]
    for number, sizes in enumerate(shape, 1):
        waiting = iter(runs)
        runs = [
            _play(graph, f"r{number}_{i}", [next(waiting) for _ in range(size)], lut_inputs)
            for i, size in enumerate(sizes)
        ]
    return runs[0].class_id


def _play(graph: Graph, name: str, runs: list[_Best], lut_inputs: int) -> _Best:
    """The best of up to four neighbours: all pairs are compared, then score and index are chosen."""
    if len(runs) == 1:
        return runs[0]
    wins = [
        _greater(graph, f"{name}_gt{i}{j}", runs[i].score, runs[j].score, lut_inputs)
        for i, j in combinations(range(len(runs)), 2)
    ]
    if len(runs) == 4:
        wins = [graph.add(f"{name}_sel{bit}", _select_table(bit), wins) for bit in range(2)]
    table = _choice_table(len(runs))
    width = max(len(run.score) for run in runs)
    score = [
        graph.add(f"{name}_score{b}", table, [*wins, *(run.score[b] if b < len(run.score) else ZERO for run in runs)])
        for b in range(width)
    ]
    index = [
        graph.add(f"{name}_index{b}", table, [*wins, *(run.class_id[b] for run in runs)])
        for b in range(len(runs[0].class_id))
    ]
    return _Best(score, index)


def _greater(graph: Graph, name: str, left: Sequence[int], right: Sequence[int], lut_inputs: int) -> int:
    """The signal of `right > left`: from the lowest bits up, as many bits a look-up as it has inputs for."""
    width = max(len(left), len(right))
    pairs = [(s[i] if i < len(s) else ZERO) for i in range(width) for s in (left, right)]
    lower, at = ZERO, 0
    while at < width:
        step = 1
        while at + step < width and step < 3 and _inputs(lower, pairs[2 * at : 2 * (at + step + 1)]) <= lut_inputs:
            step += 1
        operands = [lower, *pairs[2 * at : 2 * (at + step)]]
        lower = _add_wide(graph, f"{name}_{at + step}", operands)
        at += step
    return lower


def _inputs(lower: int, bits: Sequence[int]) -> int:
    return len({s for s in (lower, *bits) if s >= 0})


def _add_wide(graph: Graph, name: str, operands: Sequence[int]) -> int:
    """`_greater_table` at operands of which at most six are no constants."""
    used = list(dict.fromkeys(s for s in operands if s >= 0))
    whole = _greater_table(len(operands) // 2)
    table = 0
    for address in range(1 << len(used)):
        value = {s: address >> j & 1 for j, s in enumerate(used)} | {ZERO: 0, ONE: 1}
        table |= (whole >> sum(value[s] << j for j, s in enumerate(operands)) & 1) << address
    return graph.add(name, table, used)


def _table(inputs: int, function: Callable[[list[int]], bool | int]) -> int:
    return sum(int(function([a >> j & 1 for j in range(inputs)])) << a for a in range(1 << inputs))


@cache
def _greater_table(bits: int) -> int:
    """Inputs: whether right is greater further down, then (left, right) from the lowest bit: right is greater."""

    def greater(values: list[int]) -> bool:
        left = sum(v << i for i, v in enumerate(values[1::2]))
        right = sum(v << i for i, v in enumerate(values[2::2]))
        return right > left or (right == left and bool(values[0]))

    return _table(1 + 2 * bits, greater)


def _winner(runs: int, wins: Sequence[int]) -> int:
    """Which run is best, given whether the later one is better for each pair; pairs that contradict: any."""
    better = dict(zip(combinations(range(runs), 2), wins, strict=True))
    best = 0
    for run in range(1, runs):
        if better[best, run]:
            best = run
    return best


@cache
def _select_table(bit: int) -> int:
    """Inputs: the six comparisons of four runs; a bit of the best one's number."""
    return _table(6, lambda wins: _winner(4, wins) >> bit & 1)


@cache
def _choice_table(runs: int) -> int:
    """Inputs: the comparisons (of four runs: the best one's number in two bits), then a bit of each run."""
    if runs == 4:
        return _table(6, lambda v: v[2 + v[0] + 2 * v[1]])
    pairs = runs * (runs - 1) // 2
    return _table(pairs + runs, lambda v: v[pairs + _winner(runs, v[:pairs])])
