"""Time, memory and size of emitting 2-input networks of six layers; each size in a process of its own.

python -m benchmarks.emit [--nodes 6000,12000,24000,48000] [--arity 2] [--out benchmarks/results/emit.json]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from warp2hdl.encode import Encoder
from warp2hdl.files import staged_file
from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata

FEATURES = 784
LAYERS = 6
CLASSES = 10


def balanced_network(rng: np.random.Generator, inputs: int, layers: int, width: int, arity: int) -> LutNetwork:
    """Random nodes, each of them read: nothing is dead and everything is built."""
    fanins = []
    for layer in range(layers):
        previous = inputs if layer == 0 else width
        first = 0 if layer == 0 else inputs + (layer - 1) * width
        rounds = -(-width * arity // previous)
        wires = np.concatenate([rng.permutation(previous) for _ in range(rounds)])[: width * arity]
        fanins.append(wires + first)
    nodes = layers * width
    top = (1 << (1 << arity)) - 1
    tables = rng.integers(1, top, nodes, dtype=np.uint64)
    signals = np.arange(inputs + nodes - width, inputs + nodes, dtype=np.int32)
    offsets = np.arange(nodes + 1, dtype=np.int64) * arity
    return LutNetwork(inputs, offsets, np.concatenate(fanins).astype(np.int32), tables, signals)


def benchmark_circuit(nodes: int, arity: int) -> Circuit:
    """784 8-bit features, a comparator each, six layers, ten classes."""
    rng = np.random.default_rng(0)
    encoder = Encoder(
        np.full(FEATURES, 8, np.uint8),
        np.ones(FEATURES),
        np.zeros(FEATURES),
        np.arange(FEATURES, dtype=np.int32),
        rng.integers(1, 256, FEATURES).astype(np.uint32),
    )
    width = nodes // LAYERS
    names = tuple(f"pixel_{i // 28}_{i % 28}" for i in range(FEATURES))
    classes = tuple(map(str, range(CLASSES)))
    network = balanced_network(rng, FEATURES, LAYERS, width, arity)
    return Circuit(encoder, network, Groups.equal(CLASSES, width), Metadata("bench", names, classes))


def measure(nodes: int, arity: int) -> dict[str, Any]:
    """Emits one circuit in this process; `seconds` include the import of the back end."""
    circuit = benchmark_circuit(nodes, arity)
    wall, cpu = time.perf_counter(), time.process_time()
    from warp2hdl.backends.verilog import emit

    with tempfile.TemporaryDirectory() as folder:
        manifest = emit(circuit, folder)
        size = Path(folder, manifest.verilog[0]).stat().st_size
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "nodes": manifest.nodes,
        "arity": arity,
        "seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu + children.ru_utime + children.ru_stime, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "verilog_bytes": size,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default="6000,12000,24000,48000")
    parser.add_argument("--arity", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/emit.json"))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.arity)))
        return
    runs = []
    for nodes in map(int, options.nodes.split(",")):
        command = [sys.executable, "-m", "benchmarks.emit", "--one", str(nodes), "--arity", str(options.arity)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
        print(runs[-1], file=sys.stderr)
    with staged_file(options.out) as path:
        path.write_text(json.dumps(describe_machine("amaranth", "pyosys") | {"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
