"""Classifying on a CUDA GPU: warp2hdl and difflogic's PackBitsTensor, on networks of the same shape.

python -m benchmarks.gpu_infer --out benchmarks/results/infer-gpu.json [--difflogic-python PATH]

First the engine `triton` is compared with the interpreter on random circuits; if a score is off, nothing is timed (exit
code 1). The networks are 400 -> 6 x 8,000 and 784 -> 6 x 64,000 random two-input nodes with ten classes. Bits lie as
bool `[images, inputs]` on the GPU, packing counts, and scores come out; `from the host` has bytes there and brings
classes back. A peer that is not there stands in the result as `not_measured`. Without a CUDA GPU the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu import measured_in_a_process
from benchmarks.machine import describe_machine
from warp2hdl.files import staged_file

CASES = ({"inputs": 400, "nodes": 8000, "images": 1 << 20}, {"inputs": 784, "nodes": 64000, "images": 1 << 18})
NO_GPU = "benchmarks.gpu_infer needs a CUDA GPU, and torch finds none here; run it on a machine that has one."
BATCHES = (0, 1, 63, 64, 65, 511, 513, 100_003)


def wrong(circuits: int = 40, batches: tuple[int, ...] = BATCHES) -> list[str]:
    """What the engine `triton` gets wrong, one sentence each; empty if nothing."""
    from tests.circuits import random_circuit
    from warp2hdl import engines, ir

    found = []
    for seed in range(circuits):
        rng = np.random.default_rng(seed)
        layers = [(int(rng.integers(1, 60)), (int(rng.integers(1, 7)), 2))] * int(rng.integers(0, 5))
        circuit = random_circuit(rng, features=9, feature_bits=8, layers=layers, classes=4, skips=bool(seed % 2))
        engine = engines.make(circuit, "triton")
        for batch in batches:
            words = rng.integers(0, 256, (batch, 9), np.uint8)
            different = int((engine.scores(words) != ir.scores(circuit, words)).any(axis=1).sum())
            if different:
                found.append(f"circuit {seed}: {different} of {batch} samples have another score")
    return found


def row(case: Mapping[str, int], runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A case's result: every contestant's rate, and how many times as many images as the peer it classifies."""
    rates = {name: run.get("images_per_second") for name, run in runs.items()}
    peer = rates.get("difflogic PackBitsTensor")
    ours = {name: rate for name, rate in rates.items() if name.startswith("warp2hdl")}
    times = {name: rate / peer if rate and peer else "not measured" for name, rate in ours.items()}
    return dict(case) | {"contestants": dict(runs), "times_difflogic": times}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/infer-gpu.json"))
    parser.add_argument("--difflogic-python", help="an interpreter that has difflogic with its CUDA extension")
    parser.add_argument("--timeout", type=float, default=600, help="seconds a measurement may take")
    return parser.parse_args()


def main() -> None:
    options = parse()
    import torch

    if not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        sys.exit(3)
    errors = wrong()
    if errors:
        print("\n".join([*errors[:10], "nothing is measured."]), file=sys.stderr)
        sys.exit(1)
    from benchmarks import gpu_infer_step

    result = describe_machine("torch", "triton") | {"gpu": torch.cuda.get_device_name(), "correct": True}
    pythons = dict.fromkeys(gpu_infer_step.OURS, sys.executable)
    pythons |= dict.fromkeys(gpu_infer_step.PEERS, options.difflogic_python)
    rows = []
    for case in CASES:
        runs = {}
        for name, python in pythons.items():
            words = ["-m", "benchmarks.gpu_infer_step", "--contestant", name]
            words += [word for key, value in case.items() for word in (f"--{key}", str(value))]
            runs[name] = measured_in_a_process(python, words, options.timeout)
        rows.append(row(case, runs))
        print(json.dumps(rows[-1]), file=sys.stderr)
        with staged_file(options.out) as path:
            path.write_text(json.dumps(result | {"cases": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
