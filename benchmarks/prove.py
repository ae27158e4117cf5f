"""Proofs of emitted Verilog against the circuit before any pass: what they cost, per run, target and pipeline.

python -m benchmarks.prove RUN [RUN ...] [--targets generic,xilinx] [--pipelines default,area,speed] [--timeout 600]
    [--out benchmarks/results/prove.json]

A RUN is a folder of `warp2hdl train`, whose circuit is that of the pipeline `default`. Each case is written as
`emit-verilog` does it by default, and proven by `warp2hdl prove` in a process of its own, whose CPU time, with that of
its children, is the figure.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl import ir, passes
from warp2hdl.backends.verilog import emit
from warp2hdl.files import staged_file
from warp2hdl.ir.circuit import Circuit
from warp2hdl.sim.vectors import load_vectors


def measure(run: Path, circuit: Circuit, target: str, timeout_seconds: float) -> dict[str, Any]:
    """What `prove` says of one emitted circuit, and its CPU time."""
    vectors = load_vectors(run / "vectors.npz", circuit.encoder, None)
    with tempfile.TemporaryDirectory() as folder:
        emit(circuit, folder, target=target, vectors=vectors, reference=ir.load(run / "lowered.safetensors"))
        start = _children()
        command = [sys.executable, "-m", "warp2hdl", "prove", folder, "--timeout", str(timeout_seconds), "--json"]
        # Exit codes other than 0 are answers too.
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        seconds = _children() - start
    proof = json.loads(done.stdout)
    words, labels = vectors
    return {
        "circuit": circuit.metadata.name,
        "target": target,
        "nodes": circuit.network.nodes,
        "comparators": circuit.encoder.bits,
        "registers": proof["registers"],
        "test_accuracy": float((ir.classify(circuit, words) == labels).mean()),
        "equivalent": proof["equivalent"],
        "balanced": proof["balanced"],
        "compared": proof["compared"],
        "reference": proof["reference"],
        "cpu_seconds": round(seconds, 2),
        "wall_seconds": round(proof["seconds"], 2),
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--targets", default="generic,xilinx")
    parser.add_argument("--pipelines", default="default,area,speed")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/prove.json"))
    options = parser.parse_args()
    result = describe_machine("amaranth", "pyosys")
    result["runs"] = []
    for run in options.runs:
        for pipeline in options.pipelines.split(","):
            circuit = ir.load(run / "circuit.safetensors")
            if pipeline != "default":
                circuit, _ = passes.run(circuit, pipeline)
            for target in options.targets.split(","):
                found = {"pipeline": pipeline} | measure(run, circuit, target, options.timeout)
                print(found, file=sys.stderr)
                result["runs"].append(found)
                with staged_file(options.out) as path:
                    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
