"""`warp2hdl predict`."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import progress, show_facts
from warp2hdl.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SUFFIXES = (".csv", ".npy")


@click.command("predict", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.argument("input_file", metavar="INPUT", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A .csv of class names and ids, or a .npy of ids.")
@click.option("--engine", type=click.Choice(("numpy",)), default="numpy", show_default=True, help="What computes.")
@click.pass_context
def command(ctx: click.Context, circuit: Path, input_file: Path, out: Path | None, engine: str) -> Result:
    """Classify the samples of INPUT.

    INPUT is a .csv, .npy, .npz or idx image file, CIRCUIT a circuit.safetensors or the folder of a
    training run. Without --out the classes go to stdout.
    """
    start = time.perf_counter()
    if out is not None and (out.suffix not in _SUFFIXES or out.is_dir()):
        raise OutputError(f"{out} is no file ending in {' or '.join(_SUFFIXES)}; give --out one that is.")
    source = load_circuit(circuit)
    class_names = source.metadata.class_names
    with progress(f"classifying {input_file}"):
        from warp2hdl import ir
        from warp2hdl.cli.datasets import schema_of
        from warp2hdl.data import load_inputs

        x, labels = load_inputs(input_file, schema_of(source.metadata.info, class_names, source.metadata.feature_names))
        found = ir.classify(source, source.encoder.to_words(x))
    result: Result = {
        "samples": len(found),
        "accuracy": None if labels is None else float((found == labels).mean()),
        "engine": engine,
        "seconds": time.perf_counter() - start,
    }
    if out is not None:
        _save(out, found, class_names)
        result["out"] = str(out)
    elif ctx.meta["warp2hdl.json"]:
        result |= {"classes": [class_names[i] for i in found], "class_ids": found.tolist()}
    else:
        click.echo(_csv(found, class_names), nl=False)
    _show(result, out)
    return result


def _csv(found: npt.NDArray[np.int64], class_names: Sequence[str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("class", "class_id"))
    rows.writerows((class_names[i], i) for i in found)
    return text.getvalue()


def _save(out: Path, found: npt.NDArray[np.int64], class_names: Sequence[str]) -> None:
    import numpy as np

    from warp2hdl.files import staged_file

    with staged_file(out) as stage:
        if out.suffix == ".csv":
            stage.write_text(_csv(found, class_names), encoding="utf-8")
            return
        with stage.open("wb") as file:
            np.save(file, found)


def _show(result: Result, out: Path | None) -> None:
    from warp2hdl.report.tables import percent

    show_facts(classified=f"{result['samples']} samples")
    if result["accuracy"] is not None:
        show_facts(accuracy=f"{percent(result['accuracy'])} of the labels in the file")
    if out is not None:
        show_facts(written=str(out))
