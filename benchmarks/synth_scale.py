"""CPU time of synthesising random networks of four layers, 784 inputs and ten classes with Yosys, as they are emitted.

python -m benchmarks.synth_scale [--nodes 4000] [--arity 4,6] [--cases generic:xilinx,xilinx:xilinx]
    [--out benchmarks/results/synth-scale.json]

A case is what look-ups are written for, and what is synthesised for.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.backends.verilog import emit
from warp2hdl.cli.random_circuit import random_circuit
from warp2hdl.files import staged_file
from warp2hdl.synth.families import get_family
from warp2hdl.synth.mapping import map_to_cells

INPUTS, LAYERS, CLASSES = 784, 4, 10
CASES = "generic:xilinx,xilinx:xilinx,generic:ecp5,ecp5:ecp5"


def measure(nodes: int, arity: int, written: str, family: str) -> dict[str, Any]:
    """The figures of one network, without place and route."""
    width = nodes // LAYERS // CLASSES * CLASSES
    circuit = random_circuit(INPUTS, LAYERS * [width], arity, CLASSES, seed=0)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as work:
        manifest = emit(circuit, folder, target=written)
        sources = [Path(folder, name) for name in manifest.verilog]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        map_to_cells(sources, manifest.top, get_family(family), Path(work, "netlist.json"), timeout_seconds=7200)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(source.stat().st_size for source in sources)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    total, lookups = LAYERS * width, sum(manifest.lookups.values())
    return {
        "nodes": total,
        "lookups": lookups,
        "arity": arity,
        "written_for": written,
        "synthesised_for": family,
        "verilog_bytes": size,
        "cpu_seconds": round(seconds, 2),
        "cpu_ms_per_node": round(1e3 * seconds / total, 3),
        "cpu_ms_per_lookup": round(1e3 * seconds / lookups, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default="4000")
    parser.add_argument("--arity", default="4,6")
    parser.add_argument("--cases", default=CASES)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/synth-scale.json"))
    options = parser.parse_args()
    result = describe_machine("amaranth", "pyosys")
    result["runs"] = []
    for nodes in map(int, options.nodes.split(",")):
        for arity in map(int, options.arity.split(",")):
            for case in options.cases.split(","):
                result["runs"].append(measure(nodes, arity, *case.split(":")))
                with staged_file(options.out) as path:
                    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
