"""What the peers' training steps have in common: options, random data, loss and optimiser, and the JSON.

A peer's script runs in the peer's own environment, from the root of the checkout: of warp2hdl only the measuring code
is loaded, which is the one that `warp2hdl bench train` uses.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

import torch

from warp2hdl.report.measure import measure_steps

BATCHES = 8
GROUP_TAU = 30.0


def options(description: str | None) -> argparse.ArgumentParser:
    """The options of every peer's script."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("inputs", 784), ("arity", 2), ("classes", 10), ("batch", 100), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--layers", default=",".join(6 * ["8000"]))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=5)
    return parser


def widths(chosen: argparse.Namespace) -> list[tuple[int, int]]:
    """Inputs and nodes of each layer."""
    layers = [int(width) for width in chosen.layers.split(",")]
    return list(zip((chosen.inputs, *layers), layers, strict=False))


def measure(
    chosen: argparse.Namespace,
    build: Callable[[], torch.nn.Module],
    packages: Sequence[str],
    notes: str = "",
) -> None:
    """Measures forward, backward and Adam on bits as float32, which is what the peers take, and prints the JSON.

    Adam is fused, which is faster than the default that the peers' examples use.
    """
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    # Torch loads much when the first optimiser is made: it counts as an import, here as for warp2hdl.
    torch.optim.Adam(torch.nn.Linear(1, 1).parameters(), fused=True)
    costs = measure_steps(lambda: _step(chosen, build()), steps=chosen.steps, blocks=chosen.blocks)
    result: dict[str, Any] = {"arity": chosen.arity, "batch": chosen.batch, "threads": chosen.threads}
    versions = {package: metadata.version(package) for package in packages}
    print(json.dumps(result | costs.to_json() | {"versions": versions, "notes": notes}))


def _step(chosen: argparse.Namespace, model: torch.nn.Module) -> Callable[[], float]:
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    inputs = torch.randint(0, 2, (BATCHES, chosen.batch, chosen.inputs)).float()
    labels = torch.randint(0, chosen.classes, (BATCHES, chosen.batch))
    at = 0

    def step() -> float:
        nonlocal at
        at = (at + 1) % BATCHES
        loss = torch.nn.functional.cross_entropy(model(inputs[at]), labels[at])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
