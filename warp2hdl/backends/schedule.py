"""Which pipeline stage each look-up is in: no stage too deep, the fewest registers in between.

The registers of a signal are the stages up to its last reader, so their sum over all signals is an L-natural-convex
function of the stages: a plan that no set of look-ups can better by moving one stage up, or one stage down, together
is the best of all (Murota, Discrete Convex Analysis, 2003, chapter 10). The best set is a maximum-weight closure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warp2hdl.backends.closure import best_closure
from warp2hdl.backends.design import Design

_EXACT = 8_000  # above so many signals look-ups are moved one by one alone
_PAIRS = 40  # above so many constraints a signal the levels alone decide

Arcs = list[list[tuple[int, int]]]


@dataclass(frozen=True)
class Schedule:
    """Which stage each signal is computed in and read in.

    Attributes:
        stages: how many stages, which is how many registers are on every path; 0 without registers.
        stage: per built signal, the stage in which it is computed, from 0; the input bits are there in stage 0.
        until: per built signal, the last stage in which it is read; `stages` for what comes out.
    """

    stages: int
    stage: dict[int, int]
    until: dict[int, int]

    @property
    def latency_cycles(self) -> int:
        """Registers from input to output."""
        return self.stages

    @property
    def registers(self) -> int:
        """Flip-flops: for each signal the stages up to its last reader, and a valid bit a stage."""
        return sum(self.until.values()) - sum(self.stage.values()) + self.stages


def schedule(design: Design, levels_per_stage: int) -> Schedule:
    """Places every look-up in a stage.

    There are as few stages as the deepest path allows. Among the plans with so many the one of the fewest registers
    is found for up to 8,000 signals; larger ones are only made better look-up by look-up.

    Args:
        design: what is built.
        levels_per_stage: look-ups on the longest path from register to register, 0 for no limit; the outputs are
            registered.
    """
    problem = _Problem(design, levels_per_stage)
    if problem.constrained:
        problem.sweep()
        while problem.size <= _EXACT and (problem.raise_best() or problem.lower_best()):
            pass
    signals = [*range(design.inputs), *(node.signal for node in design.nodes)]
    return Schedule(
        problem.stages,
        dict(zip(signals, problem.stage, strict=True)),
        dict(zip(signals, problem.until, strict=True)),
    )


def unregistered(design: Design) -> Schedule:
    """All in one stage without registers."""
    signals = [*range(design.inputs), *(node.signal for node in design.nodes)]
    return Schedule(0, dict.fromkeys(signals, 0), dict.fromkeys(signals, 0))


class _Problem:
    """The stages of all signals, numbered densely: the input bits, then the look-ups in topological order.

    Attributes:
        stage, until: as in `Schedule`.
        after: per look-up, pairs (other, stages) of those that must be at least so many stages later; `before` the
            other way round.
        constrained: whether these are complete; if not, no look-up may leave its stage.
    """

    def __init__(self, design: Design, levels_per_stage: int) -> None:
        nodes = design.nodes
        self.inputs, self.size = design.inputs, design.inputs + len(nodes)
        dense = {i: i for i in range(self.inputs)} | {node.signal: self.inputs + i for i, node in enumerate(nodes)}
        self.fanins = [*([] for _ in range(self.inputs)), *([dense[s] for s in node.fanins] for node in nodes)]
        self.readers: list[list[int]] = [[] for _ in range(self.size)]
        for v, reads in enumerate(self.fanins):
            for u in reads:
                self.readers[u].append(v)
        self.is_output = [False] * self.size
        for signal in design.outputs:
            self.is_output[dense[signal]] = True
        depth, height = self._levels(self.fanins, 1), self._levels(self.readers, -1)
        levels = levels_per_stage or max(depth, default=0) or 1
        self.stages = max(1, -(-max(depth, default=0) // levels))
        self.earliest = [max(0, d - 1) // levels for d in depth]
        self.latest = [self.stages - 1 - max(0, h - 1) // levels for h in height]
        self.stage = list(self.earliest)
        self.until = [self._last(u) for u in range(self.size)]
        self.after: Arcs = [[] for _ in range(self.size)]
        self.before: Arcs = [[] for _ in range(self.size)]
        self.constrained = self._constrain(levels)

    @property
    def _nodes(self) -> range:
        return range(self.inputs, self.size)

    def _levels(self, reads: Sequence[Sequence[int]], direction: int) -> list[int]:
        """Look-ups on the longest path along `reads` that ends in each signal, itself included."""
        level = [0] * self.size
        for v in range(self.size)[::direction]:
            level[v] = max((level[u] for u in reads[v]), default=0) + (v >= self.inputs)
        return level

    def _last(self, u: int) -> int:
        """The last stage in which a signal is wanted."""
        return self.stages if self.is_output[u] else max((self.stage[v] for v in self.readers[u]), default=0)

    def _constrain(self, levels: int) -> bool:
        """Fills `after` and `before`: no reader is earlier, and a register lies between look-ups `levels` apart.

        Returns:
            False if there are too many pairs of such look-ups.
        """
        back: list[set[int]] = [{v} if v >= self.inputs else set() for v in range(self.size)]
        for _ in range(levels if self.stages > 1 else 0):
            back = [set().union(*(back[u] for u in reads)) for reads in self.fanins]
            if sum(map(len, back)) > _PAIRS * self.size:
                return False
        for v in self._nodes:
            arcs = [(u, 1) for u in back[v]] if self.stages > 1 else []
            if levels > 1:
                arcs += [(u, 0) for u in self.fanins[v] if u >= self.inputs]
            for u, distance in sorted(arcs):
                if self.earliest[v] < self.latest[u] + distance:
                    self.after[u].append((v, distance))
                    self.before[v].append((u, distance))
        return True

    def sweep(self) -> None:
        """Moves look-ups up, the last first, whose operands are read as late as that anyway."""
        for v in reversed(self._nodes):
            top = min((self.stage[w] - distance for w, distance in self.after[v]), default=self.latest[v])
            top = min(top, self.latest[v], *(self.until[u] for u in self.fanins[v]))
            self.stage[v] = max(top, self.stage[v])

    def raise_best(self) -> bool:
        """Moves the set of look-ups up a stage that saves most registers; False if none saves any."""
        movable = [v for v in self._nodes if self.stage[v] < self.latest[v]]
        number = {v: i for i, v in enumerate(movable)}
        weights, needs = [1] * len(movable), list[list[int]]()
        chains: dict[int, int] = {}
        for v in movable:
            needs.append([number[w] for w, distance in self.after[v] if self.stage[w] == self.stage[v] + distance])
            for u in self.fanins[v]:
                if self.until[u] == self.stage[v]:
                    needs[-1].append(len(movable) + chains.setdefault(u, len(chains)))
        weights += [-1] * len(chains)
        members = best_closure(weights, [*needs, *([] for _ in chains)])
        return self._move([movable[i] for i in members if i < len(movable)], 1)

    def lower_best(self) -> bool:
        """Moves the set of look-ups down a stage that saves most registers; False if none saves any."""
        movable = [v for v in self._nodes if self.stage[v] > self.earliest[v]]
        number = {v: i for i, v in enumerate(movable)}
        weights = [-1] * len(movable)
        needs = [
            [number[u] for u, distance in self.before[v] if self.stage[v] == self.stage[u] + distance] for v in movable
        ]
        for u in range(self.size):
            last = [v for v in self.readers[u] if self.stage[v] == self.until[u]]
            if last and not self.is_output[u] and all(v in number for v in last):
                weights.append(1)
                needs.append([number[v] for v in last])
        return self._move([movable[i] for i in best_closure(weights, needs) if i < len(movable)], -1)

    def _move(self, members: Iterable[int], by: int) -> bool:
        """Moves look-ups; returns whether there are any."""
        touched = set()
        for v in members:
            self.stage[v] += by
            touched.update(self.fanins[v])
        for u in touched:
            self.until[u] = self._last(u)
        return bool(touched)
