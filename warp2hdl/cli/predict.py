"""`warp2hdl predict`."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import counted, progress, show_facts
from warp2hdl.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from warp2hdl.cli.answers import Answers
    from warp2hdl.ir import Circuit

_SUFFIXES = (".csv", ".npy")


@click.command("predict", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.argument("input_file", metavar="INPUT", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A .csv of class names and ids, or a .npy of ids.")
@click.option("--scores", is_flag=True, help="Add each class's score to the .csv; a .npy holds the scores alone.")
@click.option(
    "--engine",
    type=click.Choice(("numpy", "simd", "triton")),
    default="simd",
    show_default=True,
    help="What computes: the definition, this CPU's vectors, or a GPU.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of the engine simd.")
@click.pass_context
def command(
    ctx: click.Context, circuit: Path, input_file: Path, out: Path | None, scores: bool, engine: str, threads: int
) -> Result:
    """Classify the samples of INPUT.

    INPUT is a .csv, .npy, .npz or idx image file of any size, CIRCUIT a circuit.safetensors or the folder of a
    training run. Without --out the classes go to stdout.
    """
    start = time.perf_counter()
    if out is not None and (out.suffix not in _SUFFIXES or out.is_dir()):
        raise OutputError(f"{out} is no file ending in {' or '.join(_SUFFIXES)}; give --out one that is.")
    if threads > 1 and engine != "simd":
        raise ConfigError(f"--threads is for the engine simd; leave it out with --engine {engine}.")
    source = load_circuit(circuit)
    from warp2hdl.cli.answers import csv_file, npy_file, printed_csv, rows_for_json

    if out is not None:
        target = (csv_file if out.suffix == ".csv" else npy_file)(out, source, scores)
    elif ctx.meta["warp2hdl.json"]:
        target = rows_for_json(source, scores)
    else:
        target = printed_csv(source, scores)
    with target as answers:
        result = _classify(source, input_file, answers, engine, threads)
    result["seconds"] = time.perf_counter() - start
    result |= answers.listed() | ({} if out is None else {"out": str(out)})
    _show(result, out)
    return result


def _classify(source: Circuit, path: Path, answers: Answers, engine: str, threads: int) -> Result:
    from warp2hdl import engines
    from warp2hdl.cli.datasets import schema_of
    from warp2hdl.data import stream_inputs

    meta = source.metadata
    schema = schema_of(meta.info, meta.class_names, meta.feature_names)
    made = engines.make(source, engine, threads)
    samples, right, labelled = 0, 0, False
    start = time.perf_counter()
    with progress(f"classifying {path}") as shown, closing(stream_inputs(path, schema)) as parts:
        for part in parts:
            if answers.with_scores:
                scores = made.scores(part.x)
                found = scores.argmax(axis=1)
                answers.add(found, scores)
            else:
                found = made.predict(part.x)
                answers.add(found)
            samples += len(found)
            if part.labels is not None:
                labelled = True
                right += int((found == part.labels).sum())
            rate = samples / (time.perf_counter() - start)
            shown.update(part.done, part.total, f"{samples:,} rows, {rate:,.0f} rows/s")
    return {
        "samples": samples,
        "accuracy": right / samples if labelled else None,
        "engine": engine,
        "threads": threads,
        "rows_per_second": samples / (time.perf_counter() - start),
    }


def _show(result: Result, out: Path | None) -> None:
    from warp2hdl.report.tables import percent

    rate = f"{result['rows_per_second']:,.0f} rows/s"
    show_facts(classified=f"{counted(result['samples'], 'sample')}, {rate}, with the engine {result['engine']}")
    if result["accuracy"] is not None:
        show_facts(accuracy=f"{percent(result['accuracy'])} of the labels in the file")
    if out is not None:
        show_facts(written=str(out))
