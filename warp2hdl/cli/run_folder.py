"""What a training run leaves behind: measured, lowered, optimised, and written into its folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl import __version__, ir, passes
from warp2hdl.cli.circuits import CIRCUIT_FILE, LOWERED_FILE, MODEL_FILE, VECTORS_FILE
from warp2hdl.cli.command import Result
from warp2hdl.cli.datasets import Source
from warp2hdl.data import Dataset
from warp2hdl.errors import MismatchError
from warp2hdl.lower import lower
from warp2hdl.report.curves import draw_curves
from warp2hdl.train import Trained, model_file
from warp2hdl.train.accuracy import predictions
from warp2hdl.train.batches import Bits
from warp2hdl.train.checkpoint import METRICS_FILE

CONFIG_FILE = "config.toml"
CURVES_FILE = "curves.png"


@dataclass(frozen=True)
class Run:
    """A finished training run.

    Attributes:
        trained: the network.
        lowered: the same as a circuit, as it comes from the network.
        circuit: that circuit optimised, with all that is known of it in its metadata.
        words: feature words of the test split `[test, features]`.
        labels: class ids of the test split `[test]`.
        accuracy: by `SPLIT_accuracy_KIND`, of `test` and `val` and of `relaxed`, `hard` and `circuit`.
    """

    trained: Trained
    lowered: ir.Circuit
    circuit: ir.Circuit
    words: npt.NDArray[np.unsignedinteger]
    labels: npt.NDArray[np.int64]
    accuracy: dict[str, float]

    @cached_property
    def nodes_by_arity(self) -> dict[str, int]:
        """How many nodes have how many fan-ins."""
        arities, counts = np.unique(self.circuit.network.arities, return_counts=True)
        return {str(arity): int(count) for arity, count in zip(arities, counts, strict=True)}

    def summary(self) -> Result:
        """The run in figures, as `train --json` prints it."""
        network = self.circuit.network
        return self.accuracy | {
            "nodes": network.nodes,
            "nodes_by_arity": self.nodes_by_arity,
            "depth": network.depth,
            "comparators": self.circuit.encoder.bits,
            "epochs": len(self.trained.metrics),
            "best_epoch": self.trained.best_epoch,
            "seconds": self.trained.seconds,
        }


def finish(trained: Trained, dataset: Dataset, source: Source) -> Run:
    """Measures a network on the test split, once, and lowers and optimises it.

    Args:
        trained: the network.
        dataset: what it was trained on.
        source: where the data came from, for the metadata.

    Raises:
        MismatchError: network and circuit classify a sample differently.
    """
    words = trained.encoder.to_words(dataset.x_test)
    val_words = trained.encoder.to_words(dataset.x_val)
    raw = lower(
        trained.model,
        trained.encoder,
        name=dataset.name,
        feature_names=dataset.feature_names,
        class_names=dataset.class_names,
    )
    circuit, _ = passes.run(raw)
    accuracy: dict[str, float] = {}
    for split, split_words, labels in (("test", words, dataset.y_test), ("val", val_words, dataset.y_val)):
        bits = Bits(trained.encoder, split_words)
        hard = predictions(trained.model, bits)
        found = ir.classify(circuit, split_words)
        _require_equal(hard, found, split)
        accuracy[f"{split}_accuracy_relaxed"] = _share(predictions(trained.model, bits, relaxed=True), labels)
        accuracy[f"{split}_accuracy_hard"] = _share(hard, labels)
        accuracy[f"{split}_accuracy_circuit"] = _share(found, labels)
    trained.model.eval()
    described = _described(circuit, trained, dataset, source, accuracy)
    return Run(trained, raw, described, words, dataset.y_test, accuracy)


def _share(found: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    return float((found == labels).mean())


def _require_equal(hard: npt.NDArray[np.int64], found: npt.NDArray[np.int64], split: str) -> None:
    different = np.flatnonzero(hard != found)
    if len(different):
        first = different[0]
        raise MismatchError(
            f"The circuit differs from the network in {len(different)} of {len(hard)} {split} samples; "
            f"the first is sample {first}: expected class {hard[first]}, got {found[first]}; please report this."
        )


def _described(
    circuit: ir.Circuit, trained: Trained, dataset: Dataset, source: Source, accuracy: dict[str, float]
) -> ir.Circuit:
    """The circuit with what is known of it; neither times nor places, so that a seed decides the bytes."""
    info = {
        "data": dataset.schema.to_json(),
        "dataset": source.to_json(),
        "accuracy": {split: round(accuracy[f"{split}_accuracy_circuit"], 6) for split in ("test", "val")},
        "training": {
            "config": trained.config.to_dict(),
            "epochs": len(trained.metrics),
            "best_epoch": trained.best_epoch,
            **({} if trained.start_sha256 is None else {"from": trained.start_sha256}),
            **{name: round(value, 6) for name, value in accuracy.items()},
            "versions": {"warp2hdl": __version__, "torch": torch.__version__, "numpy": np.__version__},
        },
    }
    old = circuit.metadata
    metadata = ir.Metadata(old.name, old.feature_names, old.class_names, info)
    return ir.Circuit(circuit.encoder, circuit.network, circuit.groups, metadata)


def save(run: Run, folder: Path) -> None:
    """Writes a run's files into a folder that the caller stages.

    Raises:
        OutputError: a file cannot be written.
    """
    trained, meta = run.trained, run.circuit.metadata
    model = model_file.Model(
        trained.model, trained.encoder, trained.config, meta.feature_names, meta.class_names, meta.info
    )
    model_file.save(model, folder / MODEL_FILE)
    ir.save(run.lowered, folder / LOWERED_FILE)
    ir.save(run.circuit, folder / CIRCUIT_FILE)
    np.savez_compressed(folder / VECTORS_FILE, words=run.words, labels=run.labels)
    (folder / CONFIG_FILE).write_text(trained.config.toml(), encoding="utf-8")
    (folder / METRICS_FILE).write_text("".join(m.json_line() for m in trained.metrics), encoding="utf-8")
    if not trained.metrics:
        return
    reached = 100 * run.accuracy["test_accuracy_circuit"]
    draw_curves(
        folder / CURVES_FILE,
        loss=[m.loss for m in trained.metrics],
        relaxed=[m.val_accuracy_relaxed for m in trained.metrics],
        hard=[m.val_accuracy_hard for m in trained.metrics],
        best_epoch=trained.best_epoch,
        title=f"{meta.name}: the circuit is right on {reached:.2f} % of the test split",
    )
