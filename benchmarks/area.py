"""Area and accuracy of circuits with everything inside: encoder, look-ups, popcount and arg max.

python -m benchmarks.area NAME [--data FOLDER] [--seeds 0,1,...]

A seed decides the split (of digits), the wiring, the initial parameters and the order of the samples. Each run trains,
lowers, runs the passes, emits Verilog (one level a stage, look-ups as primitives, no scores), synthesises it with Yosys
(`synth_xilinx -family xcup -flatten -nodsp -nobram -noiopad`, LUT1 to LUT6 summed) and measures the circuit on the test
split, once. Writes benchmarks/results/area-NAME.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.summary import summary
from warp2hdl import ir, passes
from warp2hdl.backends.verilog import emit
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.data import Dataset, load
from warp2hdl.files import staged_file
from warp2hdl.lower import lower
from warp2hdl.presets import PRESETS
from warp2hdl.synth.synthesis import synthesize
from warp2hdl.train import Trained, fit
from warp2hdl.train.model_file import Model

PIPELINE = "default"


def _layer(nodes: int, tau: float = 4.0) -> tuple[LayerConfig, ...]:
    return (
        LayerConfig(
            nodes=nodes, arity=6, wiring="learned", candidates=32, initial="random", sampling="gumbel-hard", tau=tau
        ),
    )


def _mnist(nodes: int, thresholds: int, group_tau: float, exchanges: int, *, large: bool) -> tuple[str, TrainConfig]:
    return "mnist", TrainConfig(
        EncoderConfig(feature_bits=8, thermometer_bits=thresholds, thresholds="dyadic"),
        _layer(nodes, 8.0 if large else 4.0),
        TrainingConfig(
            epochs=20 if large else 16,
            batch_size=100,
            learning_rate=0.03 if large else 0.015,
            wiring_learning_rate=0.05,
            rewiring_interval=100,
            backfit_sweeps=exchanges + 2,
            backfit_exchanges=exchanges,
            group_tau=group_tau,
            augment="shift",
        ),
    )


CIRCUITS = {
    "digits": ("digits", PRESETS["digits"]),
    "mnist-1500": _mnist(730, 1, 2.5, 2, large=False),
    "mnist-3000": _mnist(1180, 2, 2.8, 0, large=True),
    "mnist-4000": ("mnist", PRESETS["mnist"]),
    "mnist-5000": _mnist(2200, 2, 3.8, 0, large=True),
    "mnist-10000": _mnist(4250, 3, 5.3, 0, large=True),
}


def train(
    name: str, config: TrainConfig, data: Path | None, seed: int, start: Model | None = None
) -> tuple[Dataset, Trained, ir.Circuit, float]:
    """One seed: the data, the network, its circuit after the passes, and the CPU time of training in seconds."""
    dataset = load(name, data=data, seed=seed)
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
    began = time.process_time()
    trained = fit(
        dataset,
        config,
        device="cpu",
        start=start,
        on_epoch=lambda m: print(m.json_line(), end="", file=sys.stderr),
        on_sweep=lambda s: print(s, file=sys.stderr, flush=True),
    )
    seconds = time.process_time() - began
    names = dataset.feature_names, dataset.class_names
    raw = lower(trained.model, trained.encoder, name=name, feature_names=names[0], class_names=names[1])
    circuit, _ = passes.run(raw, PIPELINE)
    return dataset, trained, circuit, seconds


def measure(name: str, config: TrainConfig, data: Path | None, seed: int) -> dict[str, Any]:
    """One seed: accuracies (shares, 0 to 1), area and the CPU time of training."""
    dataset, trained, circuit, seconds = train(name, config, data, seed)
    with tempfile.TemporaryDirectory() as folder:
        manifest = emit(circuit, folder, target="xilinx", with_scores=False)
        found = synthesize(Path(folder), "xilinx")
    words = {split: trained.encoder.to_words(getattr(dataset, f"x_{split}")) for split in ("val", "test")}
    return {
        "seed": seed,
        "test_accuracy": float((ir.classify(circuit, words["test"]) == dataset.y_test).mean()),
        "val_accuracy": float((ir.classify(circuit, words["val"]) == dataset.y_val).mean()),
        "luts": found.counts.luts,
        "ffs": found.counts.ffs,
        "by_block": dict(found.by_block),
        "nodes": circuit.network.nodes,
        "comparators": circuit.encoder.bits,
        "latency_cycles": manifest.latency_cycles,
        "cpu_seconds": round(seconds, 1),
        "sweeps": [dataclasses.asdict(sweep) for sweep in trained.sweeps],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CIRCUITS)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", default="0")
    options = parser.parse_args()
    data, config = CIRCUITS[options.name]
    runs = []
    for seed in map(int, options.seeds.split(",")):
        runs.append(measure(data, config, options.data, seed))
        print(runs[-1], file=sys.stderr)
    result = describe_machine("torch", "numpy", "pyosys") | {
        "circuit": options.name,
        "config": config.to_dict(),
        "pipeline": PIPELINE,
        "counted": "synth_xilinx -family xcup -flatten -nodsp -nobram -noiopad, LUT1 to LUT6, everything inside",
        "summary": summary(runs),
        "runs": runs,
    }
    with staged_file(Path("benchmarks/results", f"area-{options.name}.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
