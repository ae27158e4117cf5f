"""Shared counts: signals that several classes count are added up once for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from warp2hdl.ir.circuit import MAX_ARITY, Circuit, LutNetwork
from warp2hdl.passes.ballot import Ballot
from warp2hdl.passes.base import is_worth_it, with_network

_COUNTS = tuple(sum(1 << a for a in range(1 << MAX_ARITY) if a.bit_count() >> bit & 1) for bit in range(3))
"""The bits of how many of six inputs are 1."""

Classes = frozenset[int]


class _Columns:
    """Which classes count which signal with weight `2**column`; grows by the counters that they share.

    Args:
        ballot: the votes.
        signals: how many signals there are.
    """

    def __init__(self, ballot: Ballot, signals: int) -> None:
        self.signals = signals
        self.counters: list[tuple[int, ...]] = []
        self.voters: list[dict[int, Classes]] = []
        for label, signal, weight in zip(
            ballot.classes.tolist(), ballot.signals.tolist(), ballot.weights.tolist(), strict=True
        ):
            for column in range(weight.bit_length()):
                if weight >> column & 1:
                    self._vote(column, signal, frozenset([label]))

    def _vote(self, column: int, signal: int, classes: Classes) -> None:
        self.voters += [{} for _ in range(column + 1 - len(self.voters))]
        self.voters[column][signal] = self.voters[column].get(signal, frozenset()) | classes

    def share(self, classes: Classes) -> None:
        """Counts, six at a time, what all these classes count, from the lowest weight up."""
        column = 0
        while column < len(self.voters):
            common = [signal for signal, voters in self.voters[column].items() if classes <= voters]
            # What is counted goes behind the rest, to be counted again: the counters make a tree.
            for start in range(0, len(common) - MAX_ARITY + 1, MAX_ARITY):
                self._count(column, common[start : start + MAX_ARITY], classes)
            column += len(common) < 2 * MAX_ARITY

    def _count(self, column: int, signals: list[int], classes: Classes) -> None:
        for signal in signals:
            left = self.voters[column].pop(signal) - classes
            if left:
                self.voters[column][signal] = left
        first = self.signals + len(_COUNTS) * len(self.counters)
        self.counters.append(tuple(sorted(signals)))
        for bit in range(len(_COUNTS)):
            self._vote(column + bit, first + bit, classes)

    def sets(self) -> Iterator[Classes]:
        """Sets of classes worth a look: those that count enough signals in common, larger ones and pairs."""
        for voters in list(self.voters):
            whole = Counter(classes for classes in voters.values() if len(classes) > 2)
            yield from (classes for classes, count in _ranked(whole) if count >= MAX_ARITY)
        pairs = Counter(
            frozenset(pair)
            for voters in self.voters
            for classes in voters.values()
            for pair in combinations(sorted(classes), 2)
        )
        yield from (classes for classes, count in _ranked(pairs) if count >= MAX_ARITY)

    def votes(self) -> Iterator[tuple[int, int, int]]:
        """Class, signal and weight of each vote."""
        for column, voters in enumerate(self.voters):
            for signal, classes in voters.items():
                yield from ((label, signal, 1 << column) for label in classes)


def _ranked(counted: Counter[Classes]) -> list[tuple[Classes, int]]:
    """From the most frequent on, in an order that does not hang on hashes."""
    return sorted(counted.items(), key=lambda item: (-item[1], sorted(item[0])))


@dataclass(frozen=True)
class SharedCounts:
    """Six signals that several classes count become the three bits of their count, once for all these classes.

    Each class would need a 6:3 counter of its own, three look-ups; so all but one are saved. Scores are kept.
    """

    name: ClassVar[str] = "shared counts"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        network = circuit.network
        ballot = Ballot.of(circuit)
        columns = _Columns(ballot, network.inputs + network.nodes)
        saved = 0
        for classes in columns.sets():
            before = len(columns.counters)
            columns.share(classes)
            saved += len(_COUNTS) * (len(classes) - 1) * (len(columns.counters) - before)
        if not is_worth_it(saved, network):
            return circuit
        fanins = np.repeat(np.array(columns.counters, np.int32), len(_COUNTS), axis=0)
        votes = np.array(sorted(columns.votes()), np.int64).T
        outputs, groups = Ballot.merge(votes[0], votes[1], votes[2], ballot.bias).outputs()
        ends = network.fanin_offsets[-1] + MAX_ARITY * np.arange(1, len(fanins) + 1)
        grown = LutNetwork(
            network.inputs,
            np.concatenate([network.fanin_offsets, ends]),
            np.concatenate([network.fanins, fanins.ravel()]),
            np.concatenate([network.tables, np.tile(np.array(_COUNTS, np.uint64), len(columns.counters))]),
            outputs,
        )
        return with_network(circuit, grown, groups)
