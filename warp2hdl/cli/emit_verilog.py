"""`warp2hdl emit-verilog`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import VECTORS_FILE, load_circuit, load_lowered
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import command_line, counted, listed, progress, show_facts
from warp2hdl.cli.prove import prove_folder

if TYPE_CHECKING:
    from warp2hdl.backends.manifest import Manifest
    from warp2hdl.backends.verilog import Vectors
    from warp2hdl.ir import Circuit

TARGETS = ("generic", "xilinx", "ecp5", "ice40", "gowin")
INTERFACES = ("stream", "axis", "raw")


@click.command("emit-verilog", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option(
    "--target", type=click.Choice(TARGETS), default="generic", show_default=True, help="What look-ups are written for."
)
@click.option(
    "--interface",
    type=click.Choice(INTERFACES),
    default="stream",
    show_default=True,
    help="A registered pipeline with valid in and out, the same between AXI4-Streams, or combinational logic.",
)
@click.option(
    "--bus-bits", type=click.IntRange(min=8), metavar="N", help="With axis: width of the input's bus.  [default: 64]"
)
@click.option(
    "--levels-per-stage",
    type=click.IntRange(min=0),
    metavar="N",
    default=1,
    show_default=True,
    help="Logic levels between registers; 0: registers at the outputs alone.",
)
@click.option("--scores/--no-scores", default=True, show_default=True, help="With the port out_scores, or without.")
@click.option("--vectors", type=click.Path(path_type=Path), help="Test vectors (.npz).  [default: the run's]")
@click.option(
    "--prove/--no-prove",
    "proving",
    default=True,
    show_default=True,
    help="Prove that the Verilog is the circuit, if a minute is enough for it.",
)
def command(
    circuit: Path,
    out: Path,
    target: str,
    interface: str,
    bus_bits: int | None,
    levels_per_stage: int,
    scores: bool,
    vectors: Path | None,
    proving: bool,
) -> Result:
    """Write CIRCUIT as Verilog.

    CIRCUIT is a circuit.safetensors, or the folder of a training run, whose test vectors go along.
    """
    start = time.perf_counter()
    if bus_bits is not None and interface != "axis":
        raise click.UsageError("--bus-bits is for --interface axis; leave it out.")
    source = load_circuit(circuit)
    samples = _load_vectors(circuit, source, vectors)
    with progress(f"writing Verilog of {counted(source.network.nodes, 'look-up')}"):
        from warp2hdl.backends.axis import BUS_BITS
        from warp2hdl.backends.verilog import emit

        manifest = emit(
            source,
            out,
            interface=interface,
            target=target,
            levels_per_stage=levels_per_stage,
            with_scores=scores,
            bus_bits=bus_bits or BUS_BITS,
            vectors=samples,
            reference=load_lowered(circuit),
        )
    proof, proven = prove_folder(out) if proving else ({}, {})
    _show(manifest, out, samples, proven)
    return {
        "verilog": str(out / manifest.verilog[0]),
        "manifest": str(out / "manifest.json"),
        "top": manifest.top,
        "luts": manifest.nodes,
        "depth": manifest.depth,
        "comparators": manifest.comparators,
        "latency_cycles": manifest.latency_cycles,
        "initiation_interval": manifest.initiation_interval,
        "vectors": 0 if samples is None else len(samples[0]),
        "equivalent": proof.get("equivalent"),
        "proof": proof or None,
        "seconds": time.perf_counter() - start,
    }


def _load_vectors(place: Path, circuit: Circuit, file: Path | None) -> Vectors | None:
    if file is None:
        file = place / VECTORS_FILE
        if not place.is_dir() or not file.exists():
            return None
    from warp2hdl.sim.vectors import load_vectors

    return load_vectors(file, circuit.encoder, None)


def _show(manifest: Manifest, out: Path, samples: Vectors | None, proven: Mapping[str, str]) -> None:
    interval = manifest.initiation_interval
    rate = "every cycle" if interval == 1 else f"{interval} cycles"
    timing = f"latency {counted(manifest.latency_cycles, 'cycle')}, a sample in {rate}"
    features = counted(len(manifest.features), "feature")
    bits = counted(sum(feature.bits for feature in manifest.features), "bit")
    nodes = counted(manifest.nodes, "look-up")
    show_facts(
        module=f"{manifest.top}: {', '.join(manifest.contains)}; {manifest.interface} interface",
        ports=f"{features} in {bits}, {len(manifest.classes)} classes",
        size=f"{nodes}, depth {manifest.depth}, {counted(manifest.comparators, 'comparator')}",
        timing=timing if manifest.clock else "combinational",
        **proven,
        written=listed(out, [*manifest.files, "manifest.json"]),
        next=command_line("cosim", out, *([] if samples else ["--vectors", "random"])),
    )
