"""Time, memory and size of emitting networks of six layers, 784 inputs and ten classes; each size by a `bench emit`.

python -m benchmarks.emit [--nodes 6000,12000,24000,48000,400000] [--arity 2] [--out benchmarks/results/emit.json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.files import staged_file

LAYERS, CLASSES = 6, 10
FIGURES = ("nodes", "arity", "seconds", "cpu_seconds", "peak_mb", "process_peak_mb", "verilog_bytes")


def measure(nodes: int, arity: int) -> dict[str, Any]:
    """The figures of one size, from a process of its own."""
    layers = ",".join(LAYERS * [str(nodes // LAYERS // CLASSES * CLASSES)])
    command = [sys.executable, "-m", "warp2hdl", "bench", "emit", "--layers", layers, "--arity", str(arity), "--json"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return {name: found[name] for name in FIGURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default="6000,12000,24000,48000,400000")
    parser.add_argument("--arity", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/emit.json"))
    options = parser.parse_args()
    result = describe_machine("amaranth", "pyosys")
    result["runs"] = [measure(int(nodes), options.arity) for nodes in options.nodes.split(",")]
    with staged_file(options.out) as path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
