"""CPU time of building and running the co-simulation of random networks of four layers, 784 inputs and ten classes.

python -m benchmarks.cosim [--nodes 4000,10000,20000] [--arity 2,4,6] [--targets generic,xilinx] [--count 200]
    [--out benchmarks/results/cosim.json]

The build's time is that of Verilator, make, g++ and this process together; the parts that all designs have in common
are compiled beforehand.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.backends.manifest import Manifest
from warp2hdl.backends.verilog import emit
from warp2hdl.cli.random_circuit import random_circuit
from warp2hdl.files import staged_file
from warp2hdl.sim.build import build
from warp2hdl.sim.runner import cosimulate

INPUTS, LAYERS, CLASSES = 784, 4, 10


def _cpu() -> float:
    """CPU seconds of this process and its children."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def measure(nodes: int, arity: int, target: str, count: int) -> dict[str, Any]:
    """The figures of one network."""
    width = nodes // LAYERS // CLASSES * CLASSES
    circuit = random_circuit(INPUTS, LAYERS * [width], arity, CLASSES, seed=0)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as work:
        emit(circuit, folder, target=target)
        manifest = Manifest.read(Path(folder))
        sources = [Path(folder, name) for name in manifest.verilog]
        start = _cpu()
        build(sources, manifest.top, [port.name for port in manifest.ports], Path(work))
        built = _cpu()
        found = cosimulate(folder, vectors="random", count=count, build_dir=work)
        ran = _cpu()
        bulk = sum(path.stat().st_size for path in Path(work).glob("*.cpp"))
    total = LAYERS * width
    return {
        "nodes": total,
        "arity": arity,
        "target": target,
        "build_cpu_seconds": round(built - start, 2),
        "build_cpu_ms_per_node": round(1e3 * (built - start) / total, 3),
        "cpp_bytes": bulk,
        "run_cpu_seconds": round(ran - built, 2),
        "cycles": found.cycles,
        "vectors": found.vectors,
        "mismatches": found.mismatches,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default="4000,10000,20000")
    parser.add_argument("--arity", default="2,4,6")
    parser.add_argument("--targets", default="generic,xilinx")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/cosim.json"))
    options = parser.parse_args()
    measure(CLASSES * LAYERS, 2, "generic", 1)  # compiles what all designs share
    result = describe_machine("amaranth", "pyosys", "cocotb", "verilator")
    result["runs"] = []
    for target in options.targets.split(","):
        for arity in map(int, options.arity.split(",")):
            for nodes in map(int, options.nodes.split(",")):
                result["runs"].append(measure(nodes, arity, target, options.count))
                with staged_file(options.out) as path:
                    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
