"""Training steps on a CUDA GPU: warp2hdl and its peers, beside the floor that bytes and operations give.

python -m benchmarks.gpu --out benchmarks/results/train-gpu.json [--torchlogix-python PATH] [--difflogic-python PATH]

First every output and gradient is compared with float64; if one is off, nothing is timed (exit code 1). A step is the
forward pass of 784 -> 6 layers -> 10 scores, the cross-entropy, the backward pass and fused Adam, captured in a CUDA
graph and also launched one by one; the faster counts. A peer that is not there stands in the result as `not_measured`.
Without a CUDA GPU the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import gpu_floor
from benchmarks.gpu_floor import Card
from benchmarks.machine import describe_machine
from warp2hdl.files import staged_file

INPUTS, LAYERS = 784, 6
NO_GPU = "benchmarks.gpu needs a CUDA GPU, and torch finds none here; run it on a machine that has one."


def run_one(python: str | None, contestant: str, case: Mapping[str, int], timeout: float) -> dict[str, Any]:
    """The faster of both ways to launch a contestant's step, or `not_measured` with the reason."""
    if python is None:
        return {"not_measured": "no interpreter was given"}
    if contestant == "difflogic" and case["arity"] != 2:
        return {"not_measured": f"it has no nodes of {case['arity']} inputs"}
    words = [python, "-m", "benchmarks.gpu_step", "--contestant", contestant]
    words += [word for name, value in case.items() for word in (f"--{name}", str(value))]
    runs = {launch: _run([*words, *option], timeout) for launch, option in (("graph", ["--graph"]), ("eager", []))}
    measured = {launch: run for launch, run in runs.items() if "not_measured" not in run}
    if not measured:
        return runs["eager"]
    best = min(measured, key=lambda launch: measured[launch]["ms_per_step"])
    return measured[best] | {"launch": best} | {f"{name}_ms": run["ms_per_step"] for name, run in measured.items()}


def measured_in_a_process(python: str | None, words: Sequence[str], timeout: float) -> dict[str, Any]:
    """What a measuring program prints, or `not_measured` with the reason."""
    return {"not_measured": "no interpreter was given"} if python is None else _run([python, *words], timeout)


def _run(words: Sequence[str], timeout: float) -> dict[str, Any]:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"not_measured": f"it took longer than {timeout:g} s"}
    except OSError as error:
        return {"not_measured": f"the interpreter does not start: {error.strerror}"}
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return {"not_measured": " ".join(w for w in lines[-1].split() if "/" not in w) if lines else "it failed"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(case: Mapping[str, int], runs: Mapping[str, Mapping[str, Any]], card: Card) -> dict[str, Any]:
    """A case's result: each contestant's time and share of its floor, and how many times longer the peers take.

    Args:
        case: arity, nodes and batch.
        runs: by contestant.
        card: whose rates make the floor.
    """
    found: dict[str, Any] = dict(case) | {"contestants": {}}
    for name, run in runs.items():
        own = dict(run)
        if name.startswith("warp2hdl"):
            work = gpu_floor.step_work(
                *(INPUTS, [case["nodes"]] * LAYERS, case["arity"], case["batch"]), 2 if "bfloat16" in name else 4
            )
            own["floor_ms"] = gpu_floor.floor_ms(work, card)
            if "ms_per_step" in own:
                own["share_of_floor"] = own["floor_ms"] / own["ms_per_step"]
        found["contestants"][name] = own
    ours = runs["warp2hdl"].get("ms_per_step")
    peers = {name: run.get("ms_per_step") for name, run in runs.items() if not name.startswith("warp2hdl")}
    found["times_as_long"] = {name: time / ours if ours and time else "not measured" for name, time in peers.items()}
    return found


def card_here() -> Card:
    """This GPU: its memory's rate measured by copies of a gigabyte, its arithmetic by its own description."""
    import torch

    properties = torch.cuda.get_device_properties(0)
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    times = []
    for _ in range(10):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1000)
    clock = float(getattr(properties, "clock_rate", 0)) * 1000 or gpu_floor.H200.clock_hz
    return Card(2 * source.numel() / min(times), properties.multi_processor_count, clock)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/train-gpu.json"))
    parser.add_argument("--torchlogix-python", default=sys.executable, help="an interpreter that has torchlogix")
    parser.add_argument("--difflogic-python", default=sys.executable, help="an interpreter that has difflogic")
    parser.add_argument("--arities", default="2,4,6")
    parser.add_argument("--nodes", default="8000,64000", help="of each of the six layers")
    parser.add_argument("--batches", default="100,1000")
    parser.add_argument("--timeout", type=float, default=600, help="seconds a measurement may take")
    return parser.parse_args()


def main() -> None:
    options = parse()
    import torch

    if not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        sys.exit(3)
    from benchmarks import gpu_check, gpu_step

    wrong = gpu_check.wrong()
    if wrong:
        print("\n".join([*wrong[:10], f"{len(wrong)} results are wrong; nothing is measured."]), file=sys.stderr)
        sys.exit(1)
    card = card_here()
    result = describe_machine("torch", "triton") | {"gpu": torch.cuda.get_device_name(), "rates": vars(card)}
    pythons = dict.fromkeys(gpu_step.OURS, sys.executable)
    pythons |= dict(zip(gpu_step.PEERS, (options.torchlogix_python, options.difflogic_python), strict=True))
    axes = [[int(value) for value in words.split(",")] for words in (options.arities, options.nodes, options.batches)]
    rows = []
    for values in product(*axes):
        case = dict(zip(("arity", "nodes", "batch"), values, strict=True))
        runs = {name: run_one(python, name, case, options.timeout) for name, python in pythons.items()}
        rows.append(row(case, runs, card))
        print(json.dumps(rows[-1]), file=sys.stderr)
        with staged_file(options.out) as path:
            path.write_text(json.dumps(result | {"correct": True, "cases": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
