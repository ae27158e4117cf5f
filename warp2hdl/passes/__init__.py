"""Passes make circuits smaller or faster; a pipeline runs its passes to a fixed point."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warp2hdl.errors import ConfigError
from warp2hdl.ir.circuit import Circuit
from warp2hdl.ir.verify import verify
from warp2hdl.passes.base import Pass
from warp2hdl.passes.collapse import Collapse
from warp2hdl.passes.constants import Constants
from warp2hdl.passes.dead import Dead
from warp2hdl.passes.duplicates import Duplicates
from warp2hdl.passes.inverters import Inverters
from warp2hdl.passes.ordered import Ordered
from warp2hdl.passes.remap import RemapArea, RemapDepth
from warp2hdl.passes.shared import SharedCounts
from warp2hdl.passes.sums import Sums
from warp2hdl.passes.support import Support
from warp2hdl.passes.votes import CancelledVotes, CommonVotes
from warp2hdl.passes.windows import Windows

DEFAULT: tuple[Pass, ...] = (
    Constants(),
    Support(),
    Ordered(),
    Duplicates(),
    Inverters(),
    CancelledVotes(),
    Dead(),
)
"""Keeps the scores, and the arities: no node grows."""

PIPELINES: dict[str, tuple[Pass, ...]] = {
    "none": (),
    "default": DEFAULT,
    # Those of the default first, to a fixed point, whenever a later pass changed something.
    "area": (*DEFAULT, CommonVotes(), Windows(), RemapArea(), Collapse(), Sums(), SharedCounts()),
    "speed": (*DEFAULT, Windows(), RemapDepth()),
}


@dataclass(frozen=True)
class PassReport:
    """What one run of a pass did.

    Attributes:
        name: the pass.
        nodes_before: nodes it was given.
        nodes_after: nodes it left.
        edges_before: fan-ins of all nodes, before.
        edges_after: fan-ins of all nodes, after.
        comparators_before: encoder bits before.
        comparators_after: encoder bits after.
        depth_before: look-up levels before.
        depth_after: look-up levels after.
        votes_before: outputs, a vote of weight w counted w times, before.
        votes_after: outputs after.
        seconds: wall time.
    """

    name: str
    nodes_before: int
    nodes_after: int
    edges_before: int
    edges_after: int
    comparators_before: int
    comparators_after: int
    depth_before: int
    depth_after: int
    votes_before: int
    votes_after: int
    seconds: float


def run_one(step: Pass, circuit: Circuit) -> tuple[Circuit, PassReport]:
    """Runs one pass, and tells what it did."""
    start = time.perf_counter()
    after = step(circuit)
    report = PassReport(
        step.name,
        circuit.network.nodes,
        after.network.nodes,
        len(circuit.network.fanins),
        len(after.network.fanins),
        circuit.encoder.bits,
        after.encoder.bits,
        circuit.network.depth,
        after.network.depth,
        len(circuit.network.outputs),
        len(after.network.outputs),
        time.perf_counter() - start,
    )
    return after, report


def run(circuit: Circuit, pipeline: str = "default") -> tuple[Circuit, list[PassReport]]:
    """Runs the passes of a pipeline until none of them changes anything.

    The first passes of a pipeline are cheap. A later one runs when all before it have nothing left to do.

    Args:
        circuit: a valid circuit.
        pipeline: a key of `PIPELINES`. `none` and `default` keep the scores, all keep the class.

    Returns:
        An equivalent circuit and one report for each run of a pass.

    Raises:
        ConfigError: there is no such pipeline.
        ToolError: ABC, which `area` and `speed` run, is missing, fails or takes too long.
        VerifyError: a pass returned a circuit that is not valid.
    """
    if pipeline not in PIPELINES:
        raise ConfigError(f"there is no pipeline {pipeline!r}; choose one of {', '.join(PIPELINES)}.")
    reports: list[PassReport] = []
    steps = PIPELINES[pipeline]
    cheap = len(DEFAULT)
    circuit = _settle(circuit, steps[:cheap], reports)
    at = cheap
    while at < len(steps):
        after, report = run_one(steps[at], circuit)
        reports.append(report)
        at = at + 1 if after is circuit else cheap
        if after is not circuit:
            circuit = _settle(after, steps[:cheap], reports)
    verify(circuit)
    return circuit, reports


def gains(reports: Sequence[PassReport]) -> list[dict[str, Any]]:
    """What each pass gained in all its runs together, in the order of their first runs.

    Returns:
        Per pass its `name`, `runs` and `seconds`, and how `nodes`, `edges`, `comparators`, `votes` and `depth` changed.
    """
    found = []
    for name in dict.fromkeys(report.name for report in reports):
        own = [dataclasses.asdict(report) for report in reports if report.name == name]
        parts = ("nodes", "edges", "comparators", "votes", "depth")
        changes = {part: sum(r[f"{part}_after"] - r[f"{part}_before"] for r in own) for part in parts}
        seconds = round(sum(r["seconds"] for r in own), 3)
        found.append({"name": name, "runs": len(own), **changes, "seconds": seconds})
    return found


def _settle(circuit: Circuit, steps: tuple[Pass, ...], reports: list[PassReport]) -> Circuit:
    """Runs passes in turn, again and again until none of them changes anything."""
    quiet, turn = 0, 0
    while quiet < len(steps):
        after, report = run_one(steps[turn % len(steps)], circuit)
        quiet, turn = (quiet + 1 if after is circuit else 0), turn + 1
        circuit = after
        reports.append(report)
    return circuit


__all__ = [
    "DEFAULT",
    "PIPELINES",
    "CancelledVotes",
    "Collapse",
    "CommonVotes",
    "Constants",
    "Dead",
    "Duplicates",
    "Inverters",
    "Ordered",
    "Pass",
    "PassReport",
    "RemapArea",
    "RemapDepth",
    "SharedCounts",
    "Sums",
    "Support",
    "Windows",
    "gains",
    "run",
    "run_one",
]
