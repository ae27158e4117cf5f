"""Accuracy on MNIST of deep networks: relaxations, arities and depths at equal connections.

python -m benchmarks.accuracy_mnist NAME --data FOLDER [--seeds 0,1,2] [--epochs N]

A seed decides the wiring, the initial parameters and the order of the samples. Each run trains, keeps the epoch whose
hard network is best on the validation split, lowers it and measures the circuit on the test split, once. Writes
benchmarks/results/accuracy-mnist-NAME.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.summary import summary
from warp2hdl import ir, passes
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.data import Dataset, load
from warp2hdl.encode import Encoder
from warp2hdl.files import staged_file
from warp2hdl.lower import lower
from warp2hdl.train import fit
from warp2hdl.train.accuracy import accuracy
from warp2hdl.train.batches import Bits

GOAL = 0.97  # hard validation accuracy, to compare how fast training gets there


def _config(layer: LayerConfig, depth: int, learning_rate: float, group_tau: float, epochs: int) -> TrainConfig:
    return TrainConfig(
        encoder=EncoderConfig(feature_bits=8, thermometer_bits=5),
        layers=(layer,) * depth,
        training=TrainingConfig(
            epochs=epochs, batch_size=100, learning_rate=learning_rate, group_tau=group_tau, augment="shift"
        ),
    )


def _learned(config: TrainConfig, epochs: int) -> TrainConfig:
    """The same with a first layer whose connections are learned, 16 candidates each at a time."""
    first = dataclasses.replace(config.layers[0], wiring="learned", candidates=16)
    settings = dataclasses.replace(config.training, epochs=epochs, rewiring_interval=100, wiring_learning_rate=0.05)
    return dataclasses.replace(config, layers=(first, *config.layers[1:]), training=settings)


def _layer(nodes: int, arity: int, relaxation: str, residual: float = 0.75) -> LayerConfig:
    return LayerConfig(nodes=nodes, arity=arity, relaxation=relaxation, initial="residual-catalog", residual=residual)


def _walsh(nodes: int, arity: int, depth: int, epochs: int) -> TrainConfig:
    """WARP nodes that begin nearly as bits, stay within a limit at which they are bits, and end as bits.

    With more than two inputs Adam steps z at each address.
    """
    config = _config(_layer(nodes, arity, "walsh", 0.93), depth, 0.02, 10.0, epochs)
    basis = "coefficients" if arity == 2 else "addresses"
    settings = dataclasses.replace(config.training, logit_limit=1.0, hard_share=0.3, adam_basis=basis)
    return dataclasses.replace(config, training=settings)


EPOCHS = 12
NETWORKS = {
    "walsh-k2": _walsh(8000, 2, 6, EPOCHS),
    "multilinear-k2": _config(_layer(8000, 2, "multilinear"), 6, 0.1, 10.0, EPOCHS),
    "difflogic-k2": _config(_layer(8000, 2, "difflogic"), 6, 0.1, 10.0, EPOCHS),
    "walsh-k4": _walsh(4000, 4, 6, EPOCHS),
    "multilinear-k4": _config(_layer(4000, 4, "multilinear"), 6, 0.1, 10.0, EPOCHS),
    "walsh-k6": _walsh(2670, 6, 6, EPOCHS),
    "multilinear-k6": _config(_layer(2670, 6, "multilinear"), 6, 0.1, 10.0, EPOCHS),
    "walsh-k2-12-layers": _walsh(8000, 2, 12, EPOCHS),
}
LEARNED_EPOCHS = 15
NETWORKS |= {
    f"{name}-learned": _learned(NETWORKS[name], LEARNED_EPOCHS)
    for name in ("multilinear-k2", "difflogic-k2", "walsh-k2", "walsh-k4", "walsh-k6", "walsh-k2-12-layers")
}
NETWORKS |= {
    f"multilinear-k{arity}-learned": _learned(
        _config(_layer(nodes, arity, "multilinear"), 6, 0.03, 15.0, EPOCHS), LEARNED_EPOCHS
    )
    for arity, nodes in ((4, 4000), (6, 2670))
}
NETWORKS["multilinear-k2-12-layers-learned"] = _learned(
    _config(_layer(8000, 2, "multilinear"), 12, 0.1, 10.0, EPOCHS), LEARNED_EPOCHS
)


def _test_accuracy(encoder: Encoder, model: Any, dataset: Dataset, *, relaxed: bool) -> float:  # noqa: ANN401
    return accuracy(model, Bits(encoder, encoder.to_words(dataset.x_test)), dataset.y_test, relaxed=relaxed)


def measure(dataset: Dataset, config: TrainConfig) -> dict[str, Any]:
    """One seed: accuracies (shares, 0 to 1), steps to the goal, the circuit's size and the CPU time of training."""
    start = time.process_time()
    trained = fit(dataset, config, device="cpu", on_epoch=lambda m: print(m.json_line(), end="", file=sys.stderr))
    seconds = time.process_time() - start
    names = dataset.feature_names, dataset.class_names
    raw = lower(trained.model, trained.encoder, name="mnist", feature_names=names[0], class_names=names[1])
    circuit, _ = passes.run(raw)
    best = trained.metrics[trained.best_epoch - 1]
    steps = len(dataset.y_train) // config.training.batch_size
    reached = [m.epoch for m in trained.metrics if m.val_accuracy_hard >= GOAL]
    words = trained.encoder.to_words(dataset.x_test)
    return {
        "seed": config.training.seed,
        "test_accuracy": float((ir.classify(circuit, words) == dataset.y_test).mean()),
        "test_accuracy_hard": _test_accuracy(trained.encoder, trained.model, dataset, relaxed=False),
        "test_accuracy_relaxed": _test_accuracy(trained.encoder, trained.model, dataset, relaxed=True),
        "val_accuracy": best.val_accuracy_hard,
        "val_gap": best.gap,
        "steps_to_goal": reached[0] * steps if reached else None,
        "best_epoch": trained.best_epoch,
        "nodes_of_the_network": sum(layer.nodes for layer in config.layers),
        "nodes_of_the_circuit": circuit.network.nodes,
        "cpu_seconds": round(seconds, 1),
        "val_accuracies": [m.val_accuracy_hard for m in trained.metrics],
        "val_accuracies_relaxed": [m.val_accuracy_relaxed for m in trained.metrics],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=int)
    options = parser.parse_args()
    dataset, config = load("mnist", data=options.data), NETWORKS[options.name]
    training = dataclasses.replace(config.training, epochs=options.epochs or config.training.epochs)
    runs = []
    for seed in map(int, options.seeds.split(",")):
        runs.append(measure(dataset, dataclasses.replace(config, training=dataclasses.replace(training, seed=seed))))
        print(runs[-1], file=sys.stderr)
    result = describe_machine("torch", "llvmlite") | {
        "network": options.name,
        "config": config.to_dict(),
        "goal": GOAL,
        "summary": summary(runs),
        "runs": runs,
    }
    with staged_file(Path("benchmarks/results", f"accuracy-mnist-{options.name}.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
