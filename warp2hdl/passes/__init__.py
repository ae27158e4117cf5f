"""Passes make circuits smaller without changing what they compute; a pipeline runs its passes to a fixed point."""

from __future__ import annotations

import time
from dataclasses import dataclass

from warp2hdl.errors import ConfigError
from warp2hdl.ir.circuit import Circuit
from warp2hdl.ir.verify import verify
from warp2hdl.passes.base import Pass
from warp2hdl.passes.constants import Constants
from warp2hdl.passes.dead import Dead
from warp2hdl.passes.duplicates import Duplicates
from warp2hdl.passes.support import Support

PIPELINES: dict[str, tuple[Pass, ...]] = {
    "none": (),
    "default": (Constants(), Support(), Duplicates(), Dead()),
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
        seconds: wall time.
    """

    name: str
    nodes_before: int
    nodes_after: int
    edges_before: int
    edges_after: int
    comparators_before: int
    comparators_after: int
    seconds: float


def _run_one(step: Pass, circuit: Circuit) -> tuple[Circuit, PassReport]:
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
        time.perf_counter() - start,
    )
    return after, report


def run(circuit: Circuit, pipeline: str = "default") -> tuple[Circuit, list[PassReport]]:
    """Runs the passes of a pipeline in turn, again and again until none of them changes anything.

    Args:
        circuit: a valid circuit.
        pipeline: a key of `PIPELINES`.

    Returns:
        An equivalent circuit and one report for each run of a pass.

    Raises:
        ConfigError: there is no such pipeline.
        VerifyError: a pass returned a circuit that is not valid.
    """
    if pipeline not in PIPELINES:
        raise ConfigError(f"there is no pipeline {pipeline!r}; choose one of {', '.join(PIPELINES)}.")
    reports: list[PassReport] = []
    steps = PIPELINES[pipeline]
    quiet = 0
    while quiet < len(steps):
        after, report = _run_one(steps[len(reports) % len(steps)], circuit)
        quiet = quiet + 1 if after is circuit else 0
        circuit = after
        reports.append(report)
    verify(circuit)
    return circuit, reports


__all__ = ["PIPELINES", "Constants", "Dead", "Duplicates", "Pass", "PassReport", "Support", "run"]
