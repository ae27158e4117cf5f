"""`warp2hdl optimize`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import command_line, progress, show_facts, show_table
from warp2hdl.cli.prove import prove_passes
from warp2hdl.errors import ConfigError

if TYPE_CHECKING:
    from warp2hdl.data import Dataset
    from warp2hdl.ir import Circuit
    from warp2hdl.passes import PassReport

PIPELINES = ("none", "default", "area", "speed")


@click.command("optimize", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option(
    "--pipeline",
    type=click.Choice(PIPELINES),
    default="default",
    show_default=True,
    help="Which passes to run; none and default keep the scores, all keep the class.",
)
@click.option(
    "--data-dont-cares",
    is_flag=True,
    help="Approximate: addresses of a look-up that the training split never brings about may get any value.",
)
@click.option(
    "--rare",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="With --data-dont-cares: also those that at most N samples bring about.",
)
@click.option(
    "--prune",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Approximate: drop the N votes that matter least to the score margins of the training split.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The file or folder of the training data, for what approximates.  [default: where it was in training]",
)
@click.option(
    "--prove/--no-prove",
    "proving",
    default=True,
    show_default=True,
    help="Prove that the exact passes kept the classes, if a minute is enough for it.",
)
def command(
    circuit: Path,
    out: Path,
    pipeline: str,
    data_dont_cares: bool,
    rare: int,
    prune: int,
    data: Path | None,
    proving: bool,
) -> Result:
    """Make CIRCUIT smaller without changing its classes.

    CIRCUIT is a circuit.safetensors, or the folder of a training run. Approximations are off unless asked for; the
    accuracy on the validation split before and after is printed and stored then.
    """
    start = time.perf_counter()
    if rare and not data_dont_cares:
        raise ConfigError("--rare goes with --data-dont-cares; give both.")
    if data is not None and not (data_dont_cares or prune):
        raise ConfigError("--data is for --data-dont-cares and --prune; leave it out.")
    before = load_circuit(circuit)
    approximated: dict[str, object] = {}
    with progress(f"optimising {before.network.nodes} look-ups"):
        from warp2hdl import ir, passes

        after, reports = passes.run(before, pipeline)
        if data_dont_cares or prune:
            from warp2hdl.cli.datasets import load_splits

            samples = load_splits(before.metadata.info, data)
            most = rare if data_dont_cares else None
            after, more = _approximate(after, samples, pipeline, most, prune)
            reports += more
            approximated = _accuracies(before, after, samples)
            after = _noted(after, {"data_dont_cares": most, "prune": prune, **approximated}, approximated)
    equivalent = None
    if proving and not approximated:
        equivalent, facts = prove_passes(before, after, with_scores=pipeline in ("none", "default"))
        show_facts(**facts)
    ir.save(after, out)
    found = _report(before, after, reports, out, approximated, time.perf_counter() - start)
    return found | {"equivalent": equivalent}


def _approximate(
    circuit: Circuit, samples: Dataset, pipeline: str, most: int | None, prune: int
) -> tuple[Circuit, list[PassReport]]:
    """Prunes, then frees the addresses that at most `most` samples bring about, and runs the pipeline again."""
    from warp2hdl import passes
    from warp2hdl.passes.prune import Prune
    from warp2hdl.passes.unseen import Unseen

    words = circuit.encoder.to_words(samples.x_train)
    steps: list[passes.Pass] = [Prune(words, samples.y_train, prune)] if prune else []
    steps += [Unseen(words, most)] if most is not None else []
    reports = []
    for step in steps:
        circuit, report = passes.run_one(step, circuit)
        circuit, following = passes.run(circuit, pipeline)
        reports += [report, *following]
    return circuit, reports


def _accuracies(before: Circuit, after: Circuit, samples: Dataset) -> dict[str, object]:
    """The share of right classes of either circuit on the validation split, and of the new one on the test split."""
    from warp2hdl import ir

    def share(circuit: Circuit, split: str) -> float:
        x, labels = getattr(samples, f"x_{split}"), getattr(samples, f"y_{split}")
        return round(float((ir.classify(circuit, circuit.encoder.to_words(x)) == labels).mean()), 6)

    return {
        "val_accuracy_before": share(before, "val"),
        "val_accuracy_after": share(after, "val"),
        "test_accuracy_after": share(after, "test"),
    }


def _noted(circuit: Circuit, how: dict[str, object], found: dict[str, object]) -> Circuit:
    """The circuit with what was approximated, and its own accuracy, in its metadata."""
    accuracy = {"test": found["test_accuracy_after"], "val": found["val_accuracy_after"]}
    info = {**circuit.metadata.info, "accuracy": accuracy, "approximation": how}
    return dataclasses.replace(circuit, metadata=dataclasses.replace(circuit.metadata, info=info))


def _report(
    before: Circuit,
    after: Circuit,
    reports: Sequence[PassReport],
    out: Path,
    approximated: dict[str, object],
    seconds: float,
) -> Result:
    from warp2hdl.passes import gains
    from warp2hdl.report.tables import passes_table, percent

    result: Result = {
        "luts_before": before.network.nodes,
        "luts_after": after.network.nodes,
        "depth_before": before.network.depth,
        "depth_after": after.network.depth,
        "comparators_before": before.encoder.bits,
        "comparators_after": after.encoder.bits,
        "passes": [dataclasses.asdict(report) for report in reports],
        **approximated,
        "out": str(out),
        "seconds": seconds,
    }
    if reports:
        show_table(passes_table(gains(reports)))
    show_facts(
        size=f"{result['luts_before']} -> {result['luts_after']} look-ups",
        depth=f"{result['depth_before']} -> {result['depth_after']}",
        encoder=f"{result['comparators_before']} -> {result['comparators_after']} comparators",
    )
    if approximated:
        shares = [float(str(approximated[f"val_accuracy_{when}"])) for when in ("before", "after")]
        show_facts(accuracy=f"{percent(shares[0])} -> {percent(shares[1])} on the validation split")
    show_facts(written=str(out), next=command_line("emit-verilog", out, "--out", out.parent / "verilog"))
    return result
