"""Accuracy of a preset's circuit on a table of the UCI repository, over several seeds.

python -m benchmarks.accuracy_uci adult --data FOLDER [--seeds 0,1,2] [--preset best|difflogic]
python -m benchmarks.accuracy_uci breast-cancer --data FOLDER --difflogic-split

A seed decides the network, the validation rows and, for breast-cancer, which has no official split, the test rows.
Each run trains, lowers and optimises the network and measures the circuit's classes on the test split, once. Writes
benchmarks/results/accuracy-NAME.json (with -PRESET for another preset than the best, and -difflogic-split).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.difflogic_split import load_breast_cancer
from benchmarks.machine import describe_machine
from benchmarks.summary import summary
from warp2hdl import ir, passes
from warp2hdl.data import Dataset, load
from warp2hdl.data.uci import UCI_NAMES
from warp2hdl.files import staged_file
from warp2hdl.lower import lower
from warp2hdl.presets import BEST, preset
from warp2hdl.train import fit


def _complete(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Which test rows of adult have no unknown value, as difflogic's: bool `[test]`."""
    unknown = [name.endswith("=?") for name in dataset.feature_names]
    found: npt.NDArray[np.bool_] = dataset.x_test[:, unknown].sum(axis=1) == 0
    return found


def measure(dataset: Dataset, seed: int, chosen: str) -> dict[str, Any]:
    """One seed: accuracies of the circuit (shares, 0 to 1), its size, and the CPU time of the training."""
    name = dataset.name
    config = preset(name, dataset.classes, len(dataset.y_train), chosen)
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
    start = time.process_time()
    trained = fit(dataset, config, device="cpu")
    seconds = time.process_time() - start
    raw = lower(
        trained.model,
        trained.encoder,
        name=name,
        feature_names=dataset.feature_names,
        class_names=dataset.class_names,
    )
    circuit, _ = passes.run(raw)
    right = {
        split: ir.classify(circuit, trained.encoder.to_words(x)) == y
        for split, x, y in (
            ("val", dataset.x_val, dataset.y_val),
            ("test", dataset.x_test, dataset.y_test),
        )
    }
    complete = float(right["test"][_complete(dataset)].mean())
    return {
        "seed": seed,
        "test_accuracy": float(right["test"].mean()),
        **({"test_accuracy_of_complete_rows": complete} if name == "adult" else {}),
        "val_accuracy": float(right["val"].mean()),
        "nodes": circuit.network.nodes,
        "comparators": circuit.encoder.bits,
        "best_epoch": trained.best_epoch,
        "epochs": len(trained.metrics),
        "cpu_seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=UCI_NAMES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--preset", default=BEST)
    parser.add_argument("--difflogic-split", action="store_true", help="of breast-cancer: always the same test rows")
    options = parser.parse_args()
    if options.difflogic_split and options.name != "breast-cancer":
        parser.error("--difflogic-split is for breast-cancer; the other tables have official splits")
    runs = []
    for seed in map(int, options.seeds.split(",")):
        if options.difflogic_split:
            dataset = load_breast_cancer(options.data, seed)
        else:
            dataset = load(options.name, data=options.data, seed=seed)
        runs.append(measure(dataset, seed, options.preset))
        print(runs[-1], file=sys.stderr)
    result = describe_machine("torch", "llvmlite") | {
        "dataset": options.name,
        "preset": options.preset,
        "summary": summary(runs),
        "runs": runs,
    }
    suffix = "" if options.preset == BEST else f"-{options.preset}"
    suffix += "-difflogic-split" if options.difflogic_split else ""
    with staged_file(Path("benchmarks/results", f"accuracy-{options.name}{suffix}.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
