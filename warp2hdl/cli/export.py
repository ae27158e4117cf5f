"""`warp2hdl export`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import progress, show_facts

FORMATS = ("c", "blif", "aiger")


@click.command("export", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--format", "file_format", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write; for c it ends in .c, and its header goes beside it.",
)
def command(circuit: Path, file_format: str, out: Path) -> Result:
    """Write CIRCUIT for software (c) or other tools (blif, aiger).

    CIRCUIT is a circuit.safetensors, or the folder of a training run.
    """
    start = time.perf_counter()
    source = load_circuit(circuit)
    with progress(f"writing {source.network.nodes} look-ups as {file_format}"):
        from warp2hdl.backends import export

        files = export.write(source, out, file_format)
    size = sum(path.stat().st_size for path in files)
    facts = {"written": ", ".join(map(str, files)), "size": f"{size:,} bytes"}
    if file_format == "c":
        facts["check"] = f"cc -std=c99 -O1 -DWARP2HDL_SELF_TEST {out.name} -o self_test && ./self_test"
    show_facts(**facts)
    return {"files": list(map(str, files)), "bytes": size, "seconds": time.perf_counter() - start}
