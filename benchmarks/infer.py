"""Classification in software, on one CPU thread and on two: the engine `simd`, and difflogic's compiled network beside.

python -m benchmarks.infer --circuit RUN_DIR [--difflogic-python PATH --difflogic-folder FOLDER]

RUN_DIR holds a trained circuit whose features are bytes. `python -m benchmarks.peers.install` makes an interpreter for
difflogic; its networks are built in FOLDER (minutes of gcc each) unless they lie there already, and both engines
compute the same network on the same bytes. Where a peer's classes differ from ours nothing is written. One thread is
measured by CPU time, the best call of a round. Writes benchmarks/results/infer-cpu.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.machine import describe_machine
from warp2hdl import ir
from warp2hdl.cli.bench_infer import random_words
from warp2hdl.cli.random_circuit import random_circuit
from warp2hdl.encode import Encoder
from warp2hdl.engines.simd import SimdEngine
from warp2hdl.files import staged_file
from warp2hdl.ir import Circuit, Groups, LutNetwork, Metadata
from warp2hdl.kernels.simd_target import LEVELS, host_level

Images = npt.NDArray[np.unsignedinteger]

PEERS = {
    "48k": (400, 6 * (8000,), 1, 1 << 16),
    "384k": (784, 6 * (64000,), 0, 1 << 14),
}
"""Inputs, layers, gcc's -O and images of the networks that difflogic is built for."""
CLASSES = 10
EQUAL_WIRES = {2: 8000, 4: 4000, 6: 2670}
"""Arities and widths of six layers with (nearly) equally many connections."""


def gate_circuit(path: Path, inputs: int) -> Circuit:
    """The circuit of a network that `benchmarks.peers.difflogic_infer` built, over inputs of one bit."""
    with np.load(path) as arrays:
        layers = [tuple(arrays[f"{name}{i}"] for name in ("a", "b", "gate")) for i in range(len(arrays.files) // 3)]
    fanins, tables, first, width = [], [], 0, inputs
    for a, b, gate in layers:
        fanins.append(np.stack([a, b], axis=1) + first)
        first, width = first + width, len(a)
        # difflogic's gate numbers hold the outputs at (0, 0), (0, 1), (1, 0), (1, 1) of (a, b), the first one highest.
        tables.append((gate >> 3 & 1) | (gate >> 1 & 1) << 1 | (gate >> 2 & 1) << 2 | (gate & 1) << 3)
    nodes = sum(map(len, tables))
    network = LutNetwork(
        inputs,
        np.arange(nodes + 1, dtype=np.int64) * 2,
        np.concatenate(fanins).astype(np.int32).ravel(),
        np.concatenate(tables).astype(np.uint64),
        np.arange(inputs + nodes - width, inputs + nodes, dtype=np.int32),
    )
    ones = np.ones(inputs)
    encoder = Encoder(
        ones.astype(np.uint8), ones, np.zeros(inputs), np.arange(inputs, dtype=np.int32), ones.astype(np.uint32)
    )
    metadata = Metadata("gates", tuple(f"x{i}" for i in range(inputs)), tuple(map(str, range(CLASSES))))
    return Circuit(encoder, network, Groups.equal(CLASSES, width), metadata)


def best_rate(engine: SimdEngine, images: Images, seconds: float) -> float:
    """Images a second: of CPU time on one thread, of wall time on several, the fastest call."""
    clock = time.thread_time if engine.threads == 1 else time.perf_counter
    best, stop = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < stop:
        start = clock()
        engine.predict(images)
        best = min(best, clock() - start)
    return len(images) / best


def setup(circuit: Circuit) -> dict[str, float]:
    """Seconds from the loaded circuit to the first class, each time in a process of its own; the best of three."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "circuit.safetensors")
        ir.save(circuit, path)
        words = ("bench", "infer", str(path), "--images", "600", "--seconds", "0.01", "--json")
        runs = [_json([sys.executable, "-m", "warp2hdl", *words]) for _ in range(3)]
    return {name: min(run[name] for run in runs) for name in ("setup_seconds", "setup_cpu_seconds")}


def _json(command: Sequence[str]) -> dict[str, Any]:
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, env=os.environ | one, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def against_peer(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One of `PEERS`: the peer and the engine by turns."""
    inputs, layers, level, count = PEERS[name]
    folder = options.difflogic_folder / name
    command = [str(options.difflogic_python), "-m", "benchmarks.peers.difflogic_infer"]
    if not (folder / "facts.json").exists():
        shape = ("--inputs", str(inputs), "--layers", ",".join(map(str, layers)), "--opt-level", str(level))
        subprocess.run([*command, "build", str(folder), *shape], check=True)
    circuit = gate_circuit(folder / "network.npz", inputs)
    images = np.random.default_rng(0).integers(0, 2, (count, inputs)).astype(np.uint8)
    np.save(folder / "images.npy", images)
    engine = SimdEngine(circuit)
    measure = [*command, "measure", str(folder), "--seconds", str(options.seconds), "--classes-out"]
    rounds = []
    for _ in range(options.rounds):
        peer = _json([*measure, str(folder / "classes.npy")])
        if not np.array_equal(np.load(folder / "classes.npy"), engine.predict(images)):
            sys.exit(f"{name}: difflogic's classes are not ours")
        own = best_rate(engine, images, options.seconds)
        rounds.append({"simd": round(own), "difflogic": peer["images_per_second"]})
    return {
        "inputs": inputs,
        "layers": layers,
        "images": count,
        "rounds": rounds,
        "best": (best := {name: max(each[name] for each in rounds) for name in ("simd", "difflogic")}),
        "ratio_of_best": round(best["simd"] / best["difflogic"], 1),
        "ratio": round(statistics.median(each["simd"] / each["difflogic"] for each in rounds), 1),
        "nodes": circuit.network.nodes,
        "nodes_computed": engine.nodes,
        "difflogic_setup_seconds": peer["setup_seconds"],
        "difflogic_opt_level": level,
        "difflogic_versions": peer["versions"],
        **setup(circuit),
    }


def by_turns(engines: dict[str, tuple[SimdEngine, Images]], options: argparse.Namespace) -> dict[str, Any]:
    """Images a second of several engines: the median of rounds, and of the times in proportion to the first one's."""
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(options.rounds):
        for name, (engine, images) in engines.items():
            rates[name].append(best_rate(engine, images, options.seconds))
    first = next(iter(rates.values()))
    return {
        name: {
            "images_per_second": round(statistics.median(own)),
            "range": [round(min(own)), round(max(own))],
            "time_ratio": round(statistics.median(a / b for a, b in zip(first, own, strict=True)), 2),
            "nodes": engines[name][0].circuit.network.nodes,
            "nodes_computed": engines[name][0].nodes,
        }
        for name, own in rates.items()
    }


def equal_wires(options: argparse.Namespace) -> dict[str, Any]:
    """Networks of several arities with equally many connections, no table of them constant."""
    engines = {}
    for arity, width in EQUAL_WIRES.items():
        circuit = random_circuit(400, 6 * (width,), arity, CLASSES, 0)
        engines[str(arity)] = SimdEngine(circuit), random_words(circuit, 1 << 15)
    return by_turns(engines, options)


def read_bandwidth(images: Images) -> float:
    """Bytes a second at which one thread reads the images, as NumPy's maximum does."""
    words = images.reshape(-1)[: images.size // 8 * 8].view(np.uint64)
    best = float("inf")
    for _ in range(10):
        start = time.thread_time()
        words.max()
        best = min(best, time.thread_time() - start)
    return words.nbytes / best


def trained(options: argparse.Namespace) -> dict[str, Any]:
    """The trained circuit: images that fit the caches, images that do not, and what bounds them."""
    path = options.circuit
    circuit = ir.load(path / "circuit.safetensors" if path.is_dir() else path)
    engine = SimdEngine(circuit)
    few, many = random_words(circuit, 1 << 13), random_words(circuit, 1 << 18)
    rates = by_turns({"few images": (engine, few), "many images": (engine, many)}, options)
    info = circuit.metadata.info
    return {
        "test_accuracy": info.get("training", {}).get("test_accuracy_circuit"),
        "bytes_per_image": few.shape[1] * few.itemsize,
        "images": {"few images": len(few), "many images": len(many)},
        "rates": rates,
        "read_bytes_per_second": {"few images": round(read_bandwidth(few)), "many images": round(read_bandwidth(many))},
        **setup(circuit),
    }


def threads(options: argparse.Namespace) -> dict[str, Any]:
    """One thread and two by turns, by wall time; and what CPU time two cost more, which other work disturbs less."""
    circuit = random_circuit(400, 6 * (8000,), 2, CLASSES, 0)
    images = random_words(circuit, 1 << 17)
    engines = {count: SimdEngine(circuit, count) for count in (1, 2)}
    wall: dict[int, list[float]] = {count: [] for count in engines}
    cpu: dict[int, list[float]] = {count: [] for count in engines}
    stop = time.perf_counter() + 2 * options.rounds * options.seconds
    while time.perf_counter() < stop:
        for count, engine in engines.items():
            begin = time.perf_counter(), time.process_time()
            engine.predict(images)
            wall[count].append(time.perf_counter() - begin[0])
            cpu[count].append(time.process_time() - begin[1])
    return {
        "images_per_second": {str(count): round(len(images) / min(own)) for count, own in wall.items()},
        "ratio": round(min(wall[1]) / min(wall[2]), 2),
        "cpu_time_ratio": round(statistics.median(cpu[2]) / statistics.median(cpu[1]), 2),
    }


def levels(options: argparse.Namespace) -> dict[str, Any]:
    """Every instruction set that this CPU has."""
    circuit = random_circuit(400, 6 * (8000,), 2, CLASSES, 0)
    images = random_words(circuit, 1 << 14)
    there = LEVELS[LEVELS.index(host_level()) :]
    return by_turns({level: (SimdEngine(circuit, level=level), images) for level in there}, options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--circuit", type=Path, required=True, help="a trained circuit of bytes")
    parser.add_argument("--difflogic-python", metavar="PATH", help="an interpreter that has difflogic")
    parser.add_argument("--difflogic-folder", type=Path, default=Path("build/difflogic"), help="its built networks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--only", nargs="*", help="parts: peers, arities, trained, levels, threads")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/infer-cpu.json"))
    return parser.parse_args()


def main() -> None:
    options = parse()
    result = describe_machine("llvmlite") | {"instruction_set": host_level()}
    parts = {"arities": equal_wires, "trained": trained, "levels": levels, "threads": threads}
    if options.difflogic_python:
        parts = {"peers": lambda chosen: {name: against_peer(name, chosen) for name in PEERS}} | parts
    for name, part in parts.items():
        if not options.only or name in options.only:
            result[name] = part(options)
            print(json.dumps({name: result[name]}), file=sys.stderr)
    with staged_file(options.out) as path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
