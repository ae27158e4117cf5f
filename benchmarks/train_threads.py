"""What a second thread brings a training step on the CPU: one and several threads in turns, a few steps each.

python -m benchmarks.train_threads [--threads 2] [--batches 100,128,1000]

On a machine that is shared, long measurements one after the other compare its moods; here a round of each thread count
takes a fraction of a second. Writes benchmarks/results/train-threads.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe_machine
from warp2hdl.cli.train_step import Network, prepare_step
from warp2hdl.files import staged_file
from warp2hdl.train import precision

WARM_UP = 2
"""Steps after a change of the number of threads that do not count."""


def _milliseconds(step: Callable[[], float], threads: int, steps: int) -> float:
    """Wall time a step."""
    with precision.threads(threads):
        for _ in range(WARM_UP):
            step()
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return 1000 * (time.perf_counter() - start) / steps


def measure(arity: int, batch: int, threads: int, rounds: int, steps: int) -> dict[str, Any]:
    """Medians and the best tenth of the rounds of each thread count, in milliseconds, and what the threads gain.

    The gain is the median over the rounds of the ratio within a round.
    """
    torch.manual_seed(0)
    step = prepare_step(Network(784, (8000,) * 6, arity, 10), batch)
    pairs = [(_milliseconds(step, 1, steps), _milliseconds(step, threads, steps)) for _ in range(rounds)]
    one, several = zip(*pairs, strict=True)
    quick = rounds // 10
    return {
        "arity": arity,
        "batch": batch,
        "wall_ms": [round(statistics.median(times), 2) for times in (one, several)],
        "best_tenth_wall_ms": [round(sorted(times)[quick], 2) for times in (one, several)],
        "gain": round(statistics.median(a / b for a, b in pairs), 2),
        "gain_of_best_tenths": round(sorted(one)[quick] / sorted(several)[quick], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arities", default="2,4,6")
    parser.add_argument("--batches", default="100,128,1000")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--steps", type=int, default=4, help="steps a round")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/train-threads.json"))
    options = parser.parse_args()
    rows = []
    for arity in map(int, options.arities.split(",")):
        for batch in map(int, options.batches.split(",")):
            rows.append(measure(arity, batch, options.threads, options.rounds, options.steps))
            print(json.dumps(rows[-1]), file=sys.stderr)
    result = describe_machine("torch", "llvmlite") | {"threads": options.threads, "rounds": options.rounds}
    with staged_file(options.out) as path:
        path.write_text(json.dumps(result | {"measurements": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
