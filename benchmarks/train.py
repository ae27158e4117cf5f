"""A training step on the CPU, of warp2hdl and of its peers, in turns: every figure in a process of its own.

python -m benchmarks.train [--torchlogix-python PATH] [--difflogic-python PATH]

`python -m benchmarks.peers.install FOLDER` makes an interpreter that serves both. A peer that cannot be measured is in
the result with the reason. Writes benchmarks/results/train-cpu.json after every round.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.files import staged_file

OURS = "warp2hdl"
PERSONAL = ("device", "cores", "versions", "commit", "date")
"""What is the same in every run and stands once in the result."""


@dataclass(frozen=True)
class Contestant:
    """Something that is measured.

    Attributes:
        name: as in the result.
        command: the command line up to the network's description, or None where there is no interpreter for it.
        threads: how many it may use.
        steps: steps a block.
        arities: those it can do, or none for all.
    """

    name: str
    command: tuple[str, ...] | None
    threads: int
    steps: int
    arities: tuple[int, ...] = ()

    def run(self, network: Sequence[str], arity: int, timeout: float) -> dict[str, Any]:
        """One measurement, or `not_measured` with the reason."""
        if self.command is None:
            return {"not_measured": "no interpreter was given"}
        if self.arities and arity not in self.arities:
            return {"not_measured": f"it has no nodes of {arity} inputs"}
        words = [*self.command, *network, "--arity", arity, "--threads", self.threads, "--steps", self.steps]
        threads = str(self.threads)
        own = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        try:
            done = subprocess.run(
                list(map(str, words)),
                env=os.environ | own,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"not_measured": f"it took longer than {timeout:g} s"}
        except OSError as error:
            return {"not_measured": f"the interpreter does not start: {error.strerror}"}
        if done.returncode:
            return {"not_measured": _last_line(done.stderr)}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def _last_line(output: str) -> str:
    """The last line that says something, without names of folders."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return re.sub(r"\S*/\S+", "...", lines[-1]) if lines else "it failed without a word"


def contestants(options: argparse.Namespace) -> list[Contestant]:
    """What is measured in each round, in that order."""
    ours = (sys.executable, "-m", "warp2hdl", "bench", "train", "--json")
    found = [Contestant(OURS, ours, 1, options.steps)]
    if options.threads > 1:
        found.append(Contestant(f"{OURS}, {options.threads} threads", ours, options.threads, options.steps))

    def peer(name: str, python: str | None, script: str, *words: str, arities: tuple[int, ...] = ()) -> Contestant:
        command = (python, "-m", f"benchmarks.peers.{script}", *words) if python else None
        return Contestant(name, command, 1, options.peer_steps, arities)

    return [
        *found,
        peer("torchlogix", options.torchlogix_python, "torchlogix_step"),
        peer("torchlogix, compiled", options.torchlogix_python, "torchlogix_step", "--compile"),
        peer("difflogic", options.difflogic_python, "difflogic_step", arities=(2,)),
    ]


def summarise(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each arity and contestant: medians over the rounds, peaks, and ratios to warp2hdl's run of the round.

    `cpu_ratio` and `wall_ratio` are how many times longer than warp2hdl on one thread a step took.
    """
    rows = []
    for arity, name in dict.fromkeys((run["arity"], run["contestant"]) for run in runs):
        own = [run for run in runs if (run["arity"], run["contestant"]) == (arity, name)]
        row: dict[str, Any] = {"arity": arity, "contestant": name}
        measured = [run for run in own if "not_measured" not in run]
        if not measured:
            rows.append(row | {"not_measured": own[0]["not_measured"]})
            continue
        rows.append(row | {"rounds": len(measured)} | _medians(measured) | _ratios(measured, runs))
    return rows


def _medians(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    cpu = [run["cpu_ms_per_step"] for run in runs]
    return {
        "cpu_ms_per_step": round(statistics.median(cpu), 2),
        "cpu_ms_range": [round(min(cpu), 2), round(max(cpu), 2)],
        "wall_ms_per_step": round(statistics.median(run["wall_ms_per_step"] for run in runs), 2),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "process_peak_mb": max(run["process_peak_mb"] for run in runs),
    }


def _ratios(runs: Sequence[Mapping[str, Any]], all_runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    ours = {
        (run["round"], run["arity"]): run for run in all_runs if run["contestant"] == OURS and "not_measured" not in run
    }
    pairs = [(run, ours[key]) for run in runs if (key := (run["round"], run["arity"])) in ours]
    if not pairs:
        return {}
    return {
        f"{clock}_ratio": round(
            statistics.median(a[f"{clock}_ms_per_step"] / b[f"{clock}_ms_per_step"] for a, b in pairs), 2
        )
        for clock in ("cpu", "wall")
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torchlogix-python", metavar="PATH", help="an interpreter that has torchlogix")
    parser.add_argument("--difflogic-python", metavar="PATH", help="an interpreter that has difflogic")
    parser.add_argument("--arities", default="2,4,6")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of steps in a measurement")
    parser.add_argument("--steps", type=int, default=20, help="steps a block of warp2hdl")
    parser.add_argument("--peer-steps", type=int, default=3, help="steps a block of a peer")
    parser.add_argument("--threads", type=int, default=2, help="warp2hdl also with so many threads; 1: not")
    parser.add_argument("--inputs", type=int, default=784)
    parser.add_argument("--layers", default=",".join(6 * ["8000"]))
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--timeout", type=float, default=900, help="seconds a measurement may take")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/train-cpu.json"))
    return parser.parse_args()


def main() -> None:
    options = parse()
    arities = [int(arity) for arity in options.arities.split(",")]
    shape = {"inputs": options.inputs, "layers": options.layers, "batch": options.batch, "blocks": options.blocks}
    network = [word for name, value in shape.items() for word in (f"--{name}", str(value))]
    result = describe_machine("torch", "llvmlite") | shape
    runs: list[dict[str, Any]] = []
    peers: dict[str, Any] = {}
    for number in range(1, options.rounds + 1):
        for arity in arities:
            for contestant in contestants(options):
                run = contestant.run(network, arity, options.timeout)
                if contestant.name.partition(",")[0] != OURS and "versions" in run:
                    peers[contestant.name] = {key: run.pop(key) for key in ("versions", "notes")}
                kept = {key: value for key, value in run.items() if key not in (*PERSONAL, *shape)}
                runs.append({"round": number, "arity": arity, "contestant": contestant.name} | kept)
                print(json.dumps(runs[-1]), file=sys.stderr)
        with staged_file(options.out) as path:
            everything = result | {"peers": peers, "summary": summarise(runs), "runs": runs}
            path.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
