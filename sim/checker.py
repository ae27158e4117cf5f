"""Comparing a design's results with the expected ones; no simulator is needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Observed(Protocol):
    """What the checker needs of a monitor's result."""

    @property
    def time(self) -> int: ...  # noqa: D102
    @property
    def class_id(self) -> int | None: ...  # noqa: D102
    @property
    def scores(self) -> int | None: ...  # noqa: D102


class Expected(NamedTuple):
    """What one vector must give: the class id, and the packed scores or None where the design has no such port."""

    class_id: int
    scores: int | None


class Mismatch(NamedTuple):
    """One difference: the vector's index, and what was expected and seen, in words."""

    vector: int
    expected: str
    actual: str


@dataclass(frozen=True)
class Checker:
    """Compares results with expected values, in order.

    Attributes:
        expected: one per vector.
        latency_cycles: from the edge that takes a sample to the edge at which its result is seen.
        period: simulation steps per clock cycle.
        score_bits: width of one class's score.
        classes: how many scores there are.
    """

    expected: Sequence[Expected]
    latency_cycles: int = 0
    period: int = 1
    score_bits: int = 1
    classes: int = 0

    def check(self, sent: Sequence[int], results: Sequence[Observed]) -> list[Mismatch]:
        """All differences, in the order of the vectors: values, latencies, missing and surplus results.

        Args:
            sent: simulation time at which each vector was taken.
            results: what the monitor saw.
        """
        found = []
        for index, (expected, time, result) in enumerate(zip(self.expected, sent, results, strict=False)):
            if result.class_id != expected.class_id or result.scores != expected.scores:
                found.append(Mismatch(index, self._words(expected), self._words(result)))
            elif result.time - time != self.latency_cycles * self.period:
                cycles = (result.time - time) / self.period
                found.append(Mismatch(index, f"latency {self.latency_cycles}", f"latency {cycles:g}"))
        for index in range(len(results), len(self.expected)):
            found.append(Mismatch(index, self._words(self.expected[index]), "no result"))
        for index in range(len(self.expected), len(results)):
            found.append(Mismatch(index, "no further result", self._words(results[index])))
        return found

    def _words(self, value: Expected | Observed) -> str:
        name = "undefined class (X)" if value.class_id is None else f"class {value.class_id}"
        if not self.classes:
            return name
        if value.scores is None:
            return f"{name}, undefined scores (X)"
        mask = (1 << self.score_bits) - 1
        return f"{name}, scores {[value.scores >> c * self.score_bits & mask for c in range(self.classes)]}"
