"""Adding networks, proven counter by counter: what the bits of a word are worth is rewritten down to its votes.

The value of a word is a weighted sum of its bits. Where some of these bits are functions of a few signals below, and
their weighted sum happens to be a weighted sum of those signals, it is replaced by that: full adders, 6:3 counters and
their like all are such groups. Once only votes are left, the weights that they have got are compared with the wanted
ones. All is modulo a power of two, as carries out of the top are dropped. (Backward rewriting, as of M. Ciesielski et
al., 2015, with groups that are checked by truth table in place of polynomials.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from warp2hdl.formal.graph import Graph
from warp2hdl.formal.match import cone_table, variable_table
from warp2hdl.formal.reference import Score

_SUPPORT = 8  # signals that a group may be a function of


def is_sum(graph: Graph, word: Sequence[int], score: Score, signals: Collection[int]) -> bool:
    """Whether a word is the weighted sum, for all values of its votes; False also where this method finds no way.

    Args:
        graph: of word and votes.
        word: literals, lowest bit first.
        score: over literals of the graph.
        signals: variables that groups may be functions of, such as the outputs of counters; a hint and no more.
    """
    width = max((i + 1 for i, literal in enumerate(word) if literal > 1), default=0)
    above = sum(literal << i for i, literal in enumerate(word[width:]))
    if not score.smallest >> width == score.largest >> width == above:
        return False
    rewriting = _Rewriting(graph, 1 << width, {vote >> 1 for vote in score.votes}, signals)
    for i, literal in enumerate(word[:width]):
        rewriting.add(literal, 1 << i)
    rewriting.run()
    modulus = 1 << width
    wanted = {vote >> 1: weight % modulus for vote, weight in score.votes.items() if weight % modulus}
    return rewriting.weights == wanted and rewriting.constant == score.bias % modulus


def is_zero(graph: Graph, score: Score, signals: Collection[int]) -> bool:
    """Whether a weighted sum is 0 for all inputs; False also where this method finds no way.

    Args:
        graph: of the votes.
        score: over literals of the graph.
        signals: as of `is_sum`.
    """
    modulus = 1 << (score.largest - score.smallest + abs(score.bias)).bit_length() + 1
    rewriting = _Rewriting(graph, modulus, set(range(1, 1 + graph.inputs)), signals)
    rewriting.constant = score.bias % modulus
    for vote, weight in score.votes.items():
        rewriting.add(vote, weight)
    rewriting.run()
    return not rewriting.weights and not rewriting.constant


class _Rewriting:
    """A weighted sum of variables, modulo a power of two."""

    def __init__(self, graph: Graph, modulus: int, votes: set[int], signals: Iterable[int]) -> None:
        self.graph, self.votes, self.modulus = graph, votes, modulus
        self.stops = votes | set(signals)
        self.weights: dict[int, int] = {}
        self.constant = 0
        self._supports: dict[int, frozenset[int] | None] = {}

    def add(self, literal: int, weight: int) -> None:
        """Adds so many times a literal."""
        self.constant = (self.constant + (literal & 1) * weight) % self.modulus
        self._add(literal >> 1, -weight if literal & 1 else weight)

    def run(self) -> None:
        """Replaces groups as long as there is one."""
        while self.step():
            pass

    def _add(self, variable: int, weight: int) -> None:
        total = (self.weights.pop(variable, 0) + weight) % self.modulus
        if total and variable:
            self.weights[variable] = total

    def step(self) -> bool:
        """Replaces one group; False where there is none."""
        waiting = sorted((v for v in self.weights if v not in self.votes), reverse=True)
        supports = {v: found for v in waiting if (found := self._support(v)) is not None}
        # From the top down: what reads a signal of a group has to be gone before the group can go.
        for support in dict.fromkeys(supports.values()):
            group = [v for v, reads in supports.items() if reads <= support]
            if self._replace(group, sorted(support)):
                return True
        return False

    def _support(self, variable: int) -> frozenset[int] | None:
        """The signals below that a variable is a function of, if they are few."""
        if variable not in self._supports:
            graph, first = self.graph, 1 + self.graph.inputs
            found: set[int] = set()
            seen = {variable}
            waiting = [variable]
            while waiting and len(found) <= _SUPPORT:
                at = waiting.pop()
                if at < first or (at in self.stops and at != variable):
                    found.add(at)
                    continue
                below = {graph.left[at - first] >> 1, graph.right[at - first] >> 1} - seen
                seen |= below
                waiting.extend(below)
            self._supports[variable] = self._independent(found) if len(found) <= _SUPPORT else None
        return self._supports[variable]

    def _independent(self, support: set[int]) -> frozenset[int]:
        """A support without signals that are functions of the others: equal logic inside of two outputs is one node."""
        for signal in sorted(support - self.votes, reverse=True):
            below = self._support(signal) if signal > self.graph.inputs else None
            if below is not None and below <= support - {signal}:
                support = support - {signal}
        return frozenset(support)

    def _replace(self, group: Sequence[int], support: Sequence[int]) -> bool:
        """Replaces a group by signals of its support, if its weighted sum is one of them."""
        size = 1 << len(support)
        tables = {0: 0} | {signal: variable_table(j, len(support)) for j, signal in enumerate(support)}
        values = np.zeros(size, np.int64)
        for variable in group:
            table = cone_table(self.graph, variable, tables, (1 << size) - 1)
            if table is None:
                return False
            values += self.weights[variable] * _bits(table, size)
        steps = [int(values[1 << j] - values[0]) for j in range(len(support))]
        linear = np.full(size, values[0])
        for signal, weight in zip(support, steps, strict=True):
            linear += weight * _bits(tables[signal], size)
        if ((values - linear) % self.modulus).any():
            return False
        for variable in group:
            del self.weights[variable]
        self.constant = (self.constant + int(values[0])) % self.modulus
        for signal, weight in zip(support, steps, strict=True):
            self._add(signal, weight)
        return True


def _bits(table: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    data = np.frombuffer(table.to_bytes(max(1, size // 8), "little"), np.uint8)
    return np.unpackbits(data, bitorder="little")[:size].astype(np.int64)
