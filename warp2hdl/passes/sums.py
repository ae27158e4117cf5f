"""Sums: votes of few inputs together are replaced by the bits of how many of them are 1."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from warp2hdl.ir.circuit import MAX_ARITY, Circuit, LutNetwork
from warp2hdl.passes.ballot import Ballot
from warp2hdl.passes.base import is_worth_it, with_network
from warp2hdl.passes.table import expand, full, shrink

_MAX_WEIGHT = 7


@dataclass(frozen=True)
class _Vote:
    """A vote of one class.

    Attributes:
        signal: what is counted.
        weight: how often.
        reads: the signals that it is a function of, ascending: its fan-ins, or the signal itself.
        table: that function.
        frees: 1 if its look-up is needed for nothing else, else 0.
    """

    signal: int
    weight: int
    reads: tuple[int, ...]
    table: int
    frees: int


@dataclass(frozen=True)
class _Sum:
    """What a set of votes becomes: per bit of the count its weight, fan-ins and table; `bias` if all bits are 1."""

    votes: tuple[_Vote, ...]
    bits: tuple[tuple[int, tuple[int, ...], int], ...]
    bias: int

    @property
    def gain(self) -> int:
        """Look-ups saved; to count one bit less in the popcount saves about one (a 6:3 compressor: 3 for 3)."""
        before = sum(vote.frees + vote.weight.bit_count() for vote in self.votes)
        return before - len(self.bits) - sum(len(reads) > 1 or table != 0b10 for _, reads, table in self.bits)


def _add(votes: Iterable[_Vote], reads: tuple[int, ...]) -> _Sum:
    """Counts votes at every address of `reads` at once: a ripple of full tables, bit-sliced."""
    votes = tuple(votes)
    ones = full(len(reads))
    planes: list[int] = []
    for vote in votes:
        table = expand(vote.table, vote.reads, reads)
        for weight in range(vote.weight.bit_length()):
            carry, at = (table if vote.weight >> weight & 1 else 0), weight
            while carry:
                planes += [0] * (at + 1 - len(planes))
                planes[at], carry, at = planes[at] ^ carry, planes[at] & carry, at + 1
    bits = tuple((1 << at, *shrink(plane, reads)) for at, plane in enumerate(planes) if plane not in (0, ones))
    return _Sum(votes, bits, sum(1 << at for at, plane in enumerate(planes) if plane == ones))


@dataclass
class _Class:
    """The votes of a class that are in no sum yet, by number, signal that they read, and count of such signals."""

    votes: list[_Vote]
    arity: int
    free: set[int] = field(init=False)
    readers: dict[int, set[int]] = field(init=False)
    by_size: list[dict[int, None]] = field(init=False)

    def __post_init__(self) -> None:
        self.free = set(range(len(self.votes)))
        self.readers = defaultdict(set)
        self.by_size = [{} for _ in range(MAX_ARITY + 1)]
        for number, vote in enumerate(self.votes):
            self.by_size[len(vote.reads)][number] = None
            for signal in vote.reads:
                self.readers[signal].add(number)

    def take(self, numbers: Iterable[int]) -> None:
        """These votes are in a sum now."""
        for number in numbers:
            vote = self.votes[number]
            self.free.discard(number)
            self.by_size[len(vote.reads)].pop(number, None)
            for signal in vote.reads:
                self.readers[signal].discard(number)

    def grow(self, seed: int) -> tuple[list[int], _Sum] | None:
        """The best of the sets that begin with a vote and take up the vote that adds fewest inputs, again and again."""
        chosen, reads, total = [seed], set(self.votes[seed].reads), self.votes[seed].weight
        best: tuple[list[int], _Sum] | None = None
        while (following := self._next(chosen, reads, total)) is not None:
            chosen = [*chosen, following]
            reads |= set(self.votes[following].reads)
            total += self.votes[following].weight
            found = _add((self.votes[n] for n in chosen), tuple(sorted(reads)))
            if found.gain > (best[1].gain if best else 0):
                best = chosen, found
        return best

    def _next(self, chosen: list[int], reads: set[int], total: int) -> int | None:
        near = {n for signal in reads for n in self.readers[signal]}
        near |= {n for size in self.by_size for n, _ in zip(size, range(len(chosen) + 1), strict=False)}
        best: tuple[int, int, int] | None = None
        for number in near.difference(chosen):
            vote = self.votes[number]
            added = len(reads.union(vote.reads)) - len(reads)
            if len(reads) + added <= self.arity and total + vote.weight <= _MAX_WEIGHT:
                key = (added - vote.frees, len(vote.reads), number)
                best = key if best is None or key < best else best
        return None if best is None else best[2]

    def sums(self) -> list[_Sum]:
        """Disjoint sets of votes, those of the highest gain a vote first."""
        queue: list[tuple[float, int]] = [(-np.inf, number) for number in sorted(self.free)]
        found = []
        while queue:
            bound, seed = heapq.heappop(queue)
            if seed not in self.free or (grown := self.grow(seed)) is None:
                continue
            numbers, made = grown
            value = -made.gain / len(numbers)
            # Gains only shrink as votes are taken, so a stale one is looked at again.
            if value > bound and queue and value > queue[0][0]:
                heapq.heappush(queue, (value, seed))
                continue
            self.take(numbers)
            found.append(made)
        return found


@dataclass(frozen=True)
class Sums:
    """Votes of one class that few inputs decide together become the bits of their count.

    Three votes of two inputs each, for example, are look-ups and a full adder: five look-ups or four. As sum and carry
    of six inputs they are two: an output that counts once, and one that counts twice. Nodes that are votes of other
    classes too, or that other nodes read, stay as they are. Scores are kept.

    Attributes:
        arity: the most inputs a new look-up may have.
    """

    arity: int = MAX_ARITY
    name: ClassVar[str] = "sums"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        ballot = Ballot.of(circuit)
        votes = _votes(circuit, ballot)
        found = [
            (label, made)
            for label in range(circuit.groups.classes)
            for made in _Class([vote for c, vote in votes if c == label], self.arity).sums()
        ]
        saved = sum(made.gain for _, made in found)
        return _rebuild(circuit, ballot, found) if is_worth_it(saved, circuit.network) else circuit


def _votes(circuit: Circuit, ballot: Ballot) -> list[tuple[int, _Vote]]:
    """The votes with their classes; those of a weight that no sum takes are left out."""
    network = circuit.network
    uses = np.bincount(network.fanins, minlength=network.inputs + network.nodes)
    uses += np.bincount(ballot.signals, minlength=len(uses))
    fanins, offsets, tables = network.fanins.tolist(), network.fanin_offsets.tolist(), network.tables.tolist()
    found = []
    for label, signal, weight in zip(
        ballot.classes.tolist(), ballot.signals.tolist(), ballot.weights.tolist(), strict=True
    ):
        node = signal - network.inputs
        reads, table, frees = (signal,), 0b10, 0
        if node >= 0 and uses[signal] == 1:
            own = fanins[offsets[node] : offsets[node + 1]]
            if len(set(own)) == len(own) > 0:
                # An inverter is part of the look-up that it feeds.
                order = tuple(sorted(own))
                reads, table, frees = order, expand(tables[node], own, order), int(len(own) > 1)
        if weight < _MAX_WEIGHT:
            found.append((label, _Vote(signal, weight, reads, table, frees)))
    return found


def _rebuild(circuit: Circuit, ballot: Ballot, sums: list[tuple[int, _Sum]]) -> Circuit:
    """Appends the look-ups of the sums, and votes for them instead."""
    network = circuit.network
    taken = {(label, vote.signal) for label, made in sums for vote in made.votes}
    pairs = zip(ballot.classes.tolist(), ballot.signals.tolist(), strict=True)
    kept = np.array([pair not in taken for pair in pairs], np.bool_)
    bias = ballot.bias.copy()
    fresh: dict[tuple[tuple[int, ...], int], int] = {}
    votes: list[tuple[int, int, int]] = []
    for label, made in sums:
        bias[label] += made.bias
        for weight, reads, table in made.bits:
            wire = len(reads) == 1 and table == 0b10
            end = network.inputs + network.nodes + len(fresh)
            votes.append((label, reads[0] if wire else fresh.setdefault((reads, table), end), weight))
    added = np.array(votes, np.int64).reshape(-1, 3).T
    joined = [
        np.concatenate([old[kept], new])
        for old, new in zip((ballot.classes, ballot.signals, ballot.weights), added, strict=True)
    ]
    outputs, groups = Ballot.merge(joined[0], joined[1], joined[2], bias).outputs()
    sizes = np.cumsum([len(reads) for reads, _ in fresh], dtype=np.int64)
    grown = LutNetwork(
        network.inputs,
        np.concatenate([network.fanin_offsets, len(network.fanins) + sizes]),
        np.concatenate([network.fanins, np.array([s for reads, _ in fresh for s in reads], np.int32)]),
        np.concatenate([network.tables, np.array([table for _, table in fresh], np.uint64)]),
        outputs,
    )
    return with_network(circuit, grown, groups)
