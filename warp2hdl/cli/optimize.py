"""`warp2hdl optimize`."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import hint, progress, show

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
    _show(result, out)
    return result


def _show(result: Result, out: Path) -> None:
    from rich.markup import escape

    from warp2hdl.report.tables import facts

    changes = {
        title: f"{result[f'{name}_before']} -> {result[f'{name}_after']}"
        for title, name in (("look-ups", "luts"), ("levels", "depth"), ("comparators", "comparators"))
    }
    show(
        facts(changes),
        f"[green]written[/] [bold]{escape(str(out))}[/]",
        hint(f"warp2hdl emit-verilog {out} --out {out.parent / 'verilog'}"),
    )
