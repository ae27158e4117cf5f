"""`warp2hdl evaluate`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import circuit_path, is_model, load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import progress, show_facts, show_table
from warp2hdl.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from warp2hdl.cli.datasets import Samples

    Labels = npt.NDArray[np.int64]

_ENGINES = ("simd", "numpy")


@click.command("evaluate", cls=Command)
@click.argument("model_or_circuit", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A file, or the folder of the data set.  [default: what it was trained on]",
)
@click.option("--target", metavar="COLUMN", help="The column of the labels in --data FILE.csv, if it has a new name.")
@click.option(
    "--engine",
    type=click.Choice(_ENGINES),
    help=f"What computes a circuit: this CPU's vectors or, more slowly, the definition.  [default: {_ENGINES[0]}]",
)
def command(model_or_circuit: Path, data: Path | None, target: str | None, engine: str | None) -> Result:
    """Measure how often a circuit (or a trained model) is right.

    MODEL_OR_CIRCUIT is a circuit.safetensors, a model.safetensors, or the folder of a training run, whose circuit
    is measured. On the data that it was trained on the test split counts, of any other file all samples.
    """
    start = time.perf_counter()
    path = circuit_path(model_or_circuit)
    kind = "model" if is_model(path) else "circuit"
    if engine is not None and kind == "model":
        raise ConfigError("--engine is for a circuit; leave it out with a model.")
    with progress(f"evaluating {path}"):
        if kind == "model":
            samples, class_names, found, relaxed = _measure_model(path, data, target)
        else:
            samples, class_names, found, relaxed = _measure_circuit(path, data, target, engine or _ENGINES[0])
    from warp2hdl.report.tables import confusion, confusion_table, percent

    counts = confusion(samples.labels, found, len(class_names))
    accuracy = float((found == samples.labels).mean())
    extra = {} if relaxed is None else {"accuracy_relaxed": float((relaxed == samples.labels).mean())}
    which = "the test split" if samples.split == "test" else "all samples"
    reached = percent(accuracy) + (f" hard, {percent(extra['accuracy_relaxed'])} relaxed" if extra else "")
    show_table(confusion_table(counts, class_names))
    show_facts(
        **{kind: str(path)},
        data=f"{samples.source}, {which}: {len(found)} samples",
        accuracy=reached,
    )
    return {
        "kind": kind,
        "data": samples.source,
        "split": samples.split,
        "samples": len(found),
        "accuracy": accuracy,
        **extra,
        "classes": list(class_names),
        "confusion": counts.tolist(),
        "seconds": time.perf_counter() - start,
    }


Measured = tuple["Samples", tuple[str, ...], "Labels", "Labels | None"]


def _measure_circuit(path: Path, data: Path | None, target: str | None, engine: str) -> Measured:
    from warp2hdl import engines
    from warp2hdl.cli.datasets import load_samples, schema_of

    circuit = load_circuit(path)
    meta = circuit.metadata
    samples = load_samples(meta.info, schema_of(meta.info, meta.class_names, meta.feature_names), data, target)
    return samples, meta.class_names, engines.make(circuit, engine).predict(samples.x), None


def _measure_model(path: Path, data: Path | None, target: str | None) -> Measured:
    from warp2hdl.cli.datasets import load_samples, schema_of
    from warp2hdl.train import model_file
    from warp2hdl.train.accuracy import predictions
    from warp2hdl.train.batches import Bits

    model = model_file.load(path)
    schema = schema_of(model.info, model.class_names, model.feature_names)
    samples = load_samples(model.info, schema, data, target)
    bits = Bits(model.encoder, model.encoder.to_words(samples.x))
    return (
        samples,
        model.class_names,
        predictions(model.network, bits),
        predictions(model.network, bits, relaxed=True),
    )
