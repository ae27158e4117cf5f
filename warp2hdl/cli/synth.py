"""`warp2hdl synth`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import Progress, counted, listed, progress, show_facts, show_table
from warp2hdl.cli.interrupt import raise_if_interrupted

if TYPE_CHECKING:
    from rich.table import Table

    from warp2hdl.synth.synthesis import Synthesis

TARGETS = ("xilinx", "ecp5", "ice40", "gowin")


@click.command("synth", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--target", type=click.Choice(TARGETS), help="The family of devices.")
@click.option("--pnr", is_flag=True, help="Place and route as well (ecp5, ice40, gowin).")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=1, show_default=True, help="Of place and route."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="Limit for each of Yosys and nextpnr.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the result as JSON, too.")
@click.option(
    "--write-project",
    "project",
    type=click.Path(path_type=Path),
    metavar="DIR2",
    help="Write projects for Vivado, Quartus and FuseSoC.",
)
def command(
    folder: Path, target: str | None, pnr: bool, seed: int, timeout: float, out: Path | None, project: Path | None
) -> Result:
    """Synthesise emitted Verilog, and place and route it.

    DIR is what `warp2hdl emit-verilog` wrote. Area, registers and levels of logic, split by block; with --pnr
    the clock and the latency in nanoseconds.
    """
    if target is None and project is None:
        raise click.UsageError(f"Missing option '--target'; choose one of {', '.join(TARGETS)}, or --write-project.")
    result: Result = {}
    if project is not None:
        result["project"] = _write_project(folder, project)
    if target is not None:
        result |= _synthesize(folder, target, pnr, seed, timeout)
    if out is not None:
        from warp2hdl.files import staged_file

        with staged_file(out) as path:
            path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        show_facts(written=str(out))
    return result


def _write_project(folder: Path, project: Path) -> list[str]:
    from warp2hdl.synth.projects import write_projects

    files = write_projects(folder, project)
    show_facts(written=listed(project, files))
    return files


def _synthesize(folder: Path, target: str, pnr: bool, seed: int, timeout: float) -> Result:
    with progress("reading the design") as shown:
        from warp2hdl.synth.synthesis import synthesize

        found = synthesize(
            folder,
            target,
            pnr=pnr,
            seed=seed,
            timeout_seconds=timeout,
            poll=lambda what: _tell(shown, what),
        )
    _show(found)
    return found.to_dict()


def _tell(shown: Progress, what: str) -> None:
    raise_if_interrupted()
    shown.rename(what)


def _show(found: Synthesis) -> None:
    show_table(_table(found))
    counts = found.counts
    levels = f"{counted(counts.levels, 'level')} of look-ups between registers"
    facts = {"counted": found.counted, "by block": found.by_block_from}
    facts["levels"] = levels + (f", up to {counted(counts.carry_levels, 'carry cell')}" if counts.carry else "")
    predicted = found.registers_predicted
    if predicted is not None and predicted != counts.registers:
        facts["registers"] = f"{counts.registers} bits of state in the netlist, {predicted} in the emitted Verilog"
    if found.placed is not None:
        facts |= _timing(found)
    show_facts(**facts)


def _timing(found: Synthesis) -> dict[str, str]:
    placed = found.placed
    assert placed is not None
    facts = {"device": f"{placed.device}; seed {placed.seed}"}
    if placed.fmax_mhz is not None:
        cycles = counted(found.latency_cycles, "cycle")
        facts["clock"] = f"{placed.fmax_mhz:.1f} MHz, a sample in every cycle"
        facts["latency"] = f"{found.latency_ns:.1f} ns ({cycles})"
    for path in placed.critical[:1]:
        facts["slowest"] = f"{path.delay_ns:.2f} ns from {path.start} to {path.end}"
    return facts


def _table(found: Synthesis) -> Table:
    from rich import box
    from rich.table import Table

    counts = found.counts
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = [(name, area) for name, area in found.by_block.items() if area]
    table.add_column(found.target)
    for name in ("LUT", "flip-flops", "carry", "muxes", "shift registers", "inverters"):
        table.add_column(name, justify="right")
    for name, area in rows:
        table.add_row(name, str(area))
    whole = (counts.luts, counts.ffs, counts.carry, counts.muxes, counts.shift_registers, counts.inverters)
    table.add_row(found.top, *map(str, whole), style="bold")
    return table
