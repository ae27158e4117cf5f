"""`warp2hdl cosim`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.command import CheckError, Command, Result
from warp2hdl.cli.console import Progress, progress, show_facts
from warp2hdl.errors import MismatchError

if TYPE_CHECKING:
    from warp2hdl.sim.runner import CosimResult


@click.command("cosim", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--vectors",
    type=click.Choice(("test", "random")),
    default="test",
    show_default=True,
    help="The test split, or random feature words.",
)
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N", help="How many vectors.  [default: all, or 1000 random ones]"
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of vectors and gaps."
)
@click.option(
    "--gap",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="P",
    default=0.3,
    show_default=True,
    help="Chance of a cycle without a sample.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="Limit for each of Verilator, the C++ compiler and the simulation.",
)
def command(folder: Path, vectors: str, count: int | None, seed: int, gap: float, timeout: float) -> Result:
    """Simulate emitted Verilog against the reference.

    Class, scores and latency of every vector are compared. DIR is what `warp2hdl emit-verilog`
    wrote. Exit code 1: hardware and reference differ.
    """
    with progress("building the simulation") as shown:
        from warp2hdl.sim.runner import cosimulate

        found = cosimulate(
            folder,
            vectors=vectors,
            count=count,
            seed=seed,
            gap_probability=gap,
            timeout_seconds=timeout,
            progress=lambda done, total: _advance(shown, done, total),
        )
    result = _summary(found)
    try:
        found.require_match()
    except MismatchError as error:
        raise CheckError(error, result) from error
    _show(found, folder)
    return result


def _advance(shown: Progress, done: int, total: int) -> None:
    shown.rename("simulating")
    shown.update(done, total)


def _summary(found: CosimResult) -> Result:
    result: Result = dataclasses.asdict(found)
    first = found.first_mismatch
    if first is not None:
        result["first_mismatch"] = {"vector": first[0], "expected": first[1], "actual": first[2]}
    return result


def _show(found: CosimResult, folder: Path) -> None:
    from warp2hdl.report.tables import percent

    timing = f"build {found.build_seconds:.1f} s, run {found.run_seconds:.1f} s"
    show_facts(simulated=f"{found.vectors} vectors in {found.cycles} cycles ({timing})")
    if found.accuracy is not None:
        show_facts(accuracy=f"{percent(found.accuracy)} of the vectors, by the simulated hardware")
    show_facts(equal=f"{folder} and the reference: 0 mismatches in {found.vectors} vectors")
