"""What training for area gains: the expected look-ups in the loss, and pruned wiring, against neither.

python -m benchmarks.area_term NAME [--data FOLDER] [--seeds 0,1,...] [--variants NAME,...] [--models FOLDER]

NAME is a circuit of `benchmarks.area`. Every variant is trained with the same seeds; what is compared is the accuracy
on the validation split and the look-ups that the emitter makes of the circuit (without scores, six inputs), which are
the LUTs that Yosys finds for the target xilinx. The test split is not looked at. Adds the runs to
benchmarks/results/area-term-NAME.json.

NAME may also be digits-quantile: the preset with thresholds at the quantiles of words as wide as the data's.
A variant is `plain`, or settings as in `area_weight=1e-4+encoder_luts=30`: of the training or the encoder, or `nodes`.
After `again` they are those of a run that goes on, without an epoch unless `epochs` says otherwise, from the network of
`plain`, which is left in the folder of `--models`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.area import CIRCUITS, train
from benchmarks.machine import describe_machine
from benchmarks.summary import summary
from warp2hdl import ir
from warp2hdl.backends.design import build_design
from warp2hdl.config import TrainConfig
from warp2hdl.files import staged_file
from warp2hdl.train import model_file
from warp2hdl.train.model_file import Model


def circuits() -> dict[str, tuple[str, TrainConfig]]:
    """Those of `benchmarks.area`, and `digits-quantile`."""
    data, digits = CIRCUITS["digits"]
    quantile = dataclasses.replace(digits.encoder, feature_bits=8, thresholds="quantile")
    return CIRCUITS | {"digits-quantile": (data, dataclasses.replace(digits, encoder=quantile))}


def variant(config: TrainConfig, name: str) -> TrainConfig:
    """The settings of a variant."""
    training: dict[str, Any] = {}
    encoder: dict[str, Any] = {}
    for part in name.split("+"):
        key, _, value = part.partition("=")
        if key == "plain":
            continue
        if key == "again":
            training["epochs"] = 0
        elif key == "nodes":
            layers = (dataclasses.replace(config.layers[0], nodes=int(value)), *config.layers[1:])
            config = dataclasses.replace(config, layers=layers)
        elif hasattr(config.encoder, key):
            encoder[key] = type(getattr(config.encoder, key))(value)
        else:
            training[key] = type(getattr(config.training, key))(value)
    return dataclasses.replace(
        config,
        encoder=dataclasses.replace(config.encoder, **encoder),
        training=dataclasses.replace(config.training, **training),
    )


def measure(
    data: str, config: TrainConfig, folder: Path | None, seed: int, start: Model | None
) -> tuple[dict[str, Any], Model]:
    """One seed: validation accuracy (a share), look-ups by block, CPU time of training in seconds; and the network."""
    dataset, trained, circuit, seconds = train(data, config, folder, seed, start)
    blocks = build_design(circuit, with_scores=False).lookups()
    words = trained.encoder.to_words(dataset.x_val)
    model = Model(trained.model, trained.encoder, trained.config, dataset.feature_names, dataset.class_names, {})
    return {
        "seed": seed,
        "val_accuracy": float((ir.classify(circuit, words) == dataset.y_val).mean()),
        "luts": sum(blocks.values()),
        **blocks,
        "cpu_seconds": round(seconds, 1),
    }, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=circuits())
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--variants", default="plain")
    parser.add_argument("--models", type=Path, default=Path("build"))
    options = parser.parse_args()
    data, base = circuits()[options.name]
    path = Path("benchmarks/results", f"area-term-{options.name}.json")
    found = json.loads(path.read_text())["variants"] if path.exists() else {}
    for name in options.variants.split(","):
        config = variant(base, name)
        runs = []
        for seed in map(int, options.seeds.split(",")):
            place = options.models / f"area-term-{options.name}-{seed}.safetensors"
            start = model_file.load(place) if "again" in name.split("+") else None
            run, model = measure(data, config, options.data, seed, start)
            runs.append(run)
            if name == "plain":
                model_file.save(model, place)
        measured = {run["seed"] for run in runs}
        runs += [run for run in found.get(name, {}).get("runs", []) if run["seed"] not in measured]
        runs.sort(key=lambda run: run["seed"])
        found[name] = {"config": config.to_dict(), "summary": summary(runs), "runs": runs}
        means = {key: round(value["mean"], 4) for key, value in found[name]["summary"].items()}
        print(name, means, file=sys.stderr, flush=True)
        result = describe_machine("torch", "numpy") | {"circuit": options.name, "variants": found}
        with staged_file(path) as stage:
            stage.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
