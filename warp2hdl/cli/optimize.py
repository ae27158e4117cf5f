"""`warp2hdl optimize`."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import command_line, progress, show_facts

PIPELINES = ("none", "default")


@click.command("optimize", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option(
    "--pipeline", type=click.Choice(PIPELINES), default="default", show_default=True, help="Which passes to run."
)
def command(circuit: Path, out: Path, pipeline: str) -> Result:
    """Make CIRCUIT smaller without changing what it computes.

    CIRCUIT is a circuit.safetensors, or the folder of a training run.
    """
    start = time.perf_counter()
    before = load_circuit(circuit)
    with progress(f"optimising {before.network.nodes} look-ups"):
        from warp2hdl import ir, passes

        after, reports = passes.run(before, pipeline)
        ir.save(after, out)
    result: Result = {
        "luts_before": before.network.nodes,
        "luts_after": after.network.nodes,
        "depth_before": before.network.depth,
        "depth_after": after.network.depth,
        "comparators_before": before.encoder.bits,
        "comparators_after": after.encoder.bits,
        "passes": [dataclasses.asdict(report) for report in reports],
        "out": str(out),
        "seconds": time.perf_counter() - start,
    }
    show_facts(
        size=f"{result['luts_before']} -> {result['luts_after']} look-ups",
        depth=f"{result['depth_before']} -> {result['depth_after']}",
        encoder=f"{result['comparators_before']} -> {result['comparators_after']} comparators",
        written=str(out),
        next=command_line("emit-verilog", out, "--out", out.parent / "verilog"),
    )
    return result
