"""Multi-layer perceptrons on the same splits, as difflogic's experiments compare with.

python -m benchmarks.mlp adult --data FOLDER [--hidden 32] [--seeds 0,1,2] [--steps N]

ReLU networks in float32 that take every feature scaled to 0 to 1 by the training split, trained by Adam; the best
epoch on the validation split is measured on the test split, once. Writes benchmarks/results/mlp-NAME-HIDDEN.json.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.machine import describe_machine
from benchmarks.summary import summary
from warp2hdl.data import NAMES, Dataset, load
from warp2hdl.files import staged_file

# Widths of the hidden layers: difflogic's README for MNIST; for the tables those that give, with its inputs, the
# parameters that its paper counts (adult 3,810, breast-cancer 434, the MONK's problems 162).
HIDDEN = {
    "digits": (128, 128),
    "mnist": (128, 128),
    "mnist20x20": (128, 128),
    "fashion-mnist": (128, 128),
    "cifar-10": (128, 128),
    "cifar-10-3-thresholds": (128, 128),
    "cifar-10-31-thresholds": (128, 128),
    "adult": (32,),
    "breast-cancer": (8,),
    "monk-1": (8,),
    "monk-2": (8,),
    "monk-3": (8,),
}
_BATCH = 100
_CHECKS = 100  # looks at the validation split


def build(inputs: int, hidden: tuple[int, ...], classes: int) -> torch.nn.Sequential:
    """Linear layers with ReLUs between them."""
    widths = (inputs, *hidden, classes)
    layers: list[torch.nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _scaled(dataset: Dataset) -> list[torch.Tensor]:
    """Features of the three splits, float32, 0 to 1 over the training split."""
    low = dataset.x_train.min(axis=0).astype(np.float32)
    span = np.maximum(dataset.x_train.max(axis=0).astype(np.float32) - low, 1e-6)
    if dataset.image_shape is not None:  # pixels share a scale
        low, span = np.zeros_like(low), np.full_like(span, span.max())
    splits = (dataset.x_train, dataset.x_val, dataset.x_test)
    return [torch.from_numpy((x.astype(np.float32) - low) / span) for x in splits]


def _accuracy(model: torch.nn.Module, x: torch.Tensor, y: npt.NDArray[np.int64]) -> float:
    with torch.no_grad():
        return float((model(x).argmax(1).numpy() == y).mean())


def measure(dataset: Dataset, hidden: tuple[int, ...], seed: int, steps: int, rate: float) -> dict[str, Any]:
    """One seed: accuracies (shares, 0 to 1), parameters, and the CPU time of the training."""
    torch.manual_seed(seed)
    x, x_val, x_test = _scaled(dataset)
    y = torch.from_numpy(dataset.y_train)
    model = build(x.shape[1], hidden, dataset.classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    best, state = -1.0, copy.deepcopy(model.state_dict())
    start = time.process_time()
    for step in range(1, steps + 1):
        rows = torch.randint(len(x), (_BATCH,))
        loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % max(1, steps // _CHECKS) == 0:
            reached = _accuracy(model, x_val, dataset.y_val)
            if reached >= best:
                best, state = reached, copy.deepcopy(model.state_dict())
    seconds = time.process_time() - start
    model.load_state_dict(state)
    return {
        "seed": seed,
        "test_accuracy": _accuracy(model, x_test, dataset.y_test),
        "val_accuracy": best,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "cpu_seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--hidden", help="widths, such as 2048,2048")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    options = parser.parse_args()
    torch.set_num_threads(1)
    hidden = HIDDEN[options.name]
    if options.hidden:
        hidden = tuple(map(int, options.hidden.split(",")))
    runs = []
    for seed in map(int, options.seeds.split(",")):
        dataset = load(options.name, data=options.data, seed=seed)
        runs.append(measure(dataset, hidden, seed, options.steps, options.learning_rate))
        print(runs[-1], file=sys.stderr)
    result = describe_machine("torch") | {
        "dataset": options.name,
        "hidden": hidden,
        "steps": options.steps,
        "learning_rate": options.learning_rate,
        "summary": summary(runs),
        "runs": runs,
    }
    widths = "-".join(map(str, hidden))
    with staged_file(Path("benchmarks/results", f"mlp-{options.name}-{widths}.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
