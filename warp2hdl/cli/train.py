"""`warp2hdl train`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import command_line, counted, listed, progress, show_facts, show_table
from warp2hdl.errors import ConfigError, DataError, OutputError

if TYPE_CHECKING:
    from warp2hdl.cli.run_folder import Run
    from warp2hdl.config import TrainConfig
    from warp2hdl.data import Dataset
    from warp2hdl.train import EpochMetrics, Trained


_FILES = (".csv", ".npz")


@click.command("train", cls=Command)
@click.argument("dataset", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="The folder with the files of DATASET.")
@click.option("--target", metavar="COLUMN", help="The column of a .csv that holds the label.")
@click.option("--categorical", metavar="COLUMN", multiple=True, help="A column of a .csv that holds no numbers.")
@click.option(
    "--preset", metavar="NAME", default="best", show_default=True, help="best, or difflogic: the settings of its paper."
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings (TOML) that differ from the preset.")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME]")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Passes over the training split.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of every random choice in training.")
@click.option(
    "--split-seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    default=0,
    show_default=True,
    help="Of the data's splits.",
)
def command(
    dataset: str | None,
    data: Path | None,
    target: str | None,
    categorical: tuple[str, ...],
    preset: str,
    config: Path | None,
    out: Path | None,
    epochs: int | None,
    seed: int | None,
    split_seed: int,
) -> Result:
    """Train a network on DATASET and lower it to a circuit.

    DATASET is digits (the default); with --data FOLDER mnist, mnist20x20, fashion-mnist, cifar-10, adult,
    breast-cancer, or monk-1 to monk-3; or a .csv (with --target) or .npz file.
    The run's folder receives the model, the circuit, the test vectors, the settings and the training curves.
    """
    _require_folder(out)
    if dataset is None and data is not None and data.suffix.lower() in _FILES:
        dataset, data = str(data), None
    dataset = dataset or "digits"
    with progress(f"reading {dataset}"):
        from warp2hdl.data import load

        samples = load(dataset, data=data, target=target, categorical=categorical, seed=split_seed)
    out = out or Path("runs", samples.name)
    _require_folder(out)
    settings = _settings(dataset, samples, preset, config, epochs, seed)

    from warp2hdl.cli.datasets import source_of
    from warp2hdl.cli.run_folder import finish, save
    from warp2hdl.files import staged_folder

    with staged_folder(out) as stage:
        trained = _fit(dataset, samples, settings)
        with progress("lowering, checking and saving the circuit"):
            source = source_of(dataset, data=data, target=target, categorical=categorical, split_seed=split_seed)
            run = finish(trained, samples, source)
            save(run, stage)
            names = sorted(path.name for path in stage.iterdir())
    _show(run, samples, out, names)
    return run.summary() | {"out": str(out)}


def _require_folder(out: Path | None) -> None:
    if out is not None and out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; give --out a folder.")


def _settings(
    dataset: str, samples: Dataset, preset: str, file: Path | None, epochs: int | None, seed: int | None
) -> TrainConfig:
    """The preset, then the file, then the options."""
    from warp2hdl import presets
    from warp2hdl.config import TrainConfig

    settings = presets.preset(dataset, samples.classes, len(samples.y_train), preset)
    if file is not None:
        settings = TrainConfig.read(file, settings)
    training = settings.training
    chosen = dataclasses.replace(
        training,
        epochs=training.epochs if epochs is None else epochs,
        seed=training.seed if seed is None else seed,
    )
    settings = dataclasses.replace(settings, training=chosen)
    try:
        settings.check(samples.classes)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}" if file is not None else str(error)) from error
    return settings


def _fit(dataset: str, samples: Dataset, settings: TrainConfig) -> Trained:
    epochs = settings.training.epochs
    with progress(f"training on {samples.name}") as shown:
        from warp2hdl.train import fit

        note = f"epoch 1 of {epochs}"

        def on_epoch(metrics: EpochMetrics) -> None:
            nonlocal note
            share = 100 * metrics.val_accuracy_hard
            note = f"epoch {min(metrics.epoch + 1, epochs)} of {epochs}, validation {share:.1f} %"

        def on_step(done: int, total: int) -> None:
            shown.update(done, total, note)

        try:
            return fit(samples, settings, on_epoch=on_epoch, on_step=on_step)
        except DataError as error:
            raise DataError(f"{dataset}: {error}") from error


def _show(run: Run, samples: Dataset, out: Path, names: list[str]) -> None:
    from warp2hdl.report.tables import accuracy_table

    result = run.summary()
    nodes = counted(result["nodes"], "look-up")
    if result["nodes"]:
        nodes += f" ({', '.join(f'k={arity}: {count}' for arity, count in result['nodes_by_arity'].items())})"
    sizes = f"{len(samples.y_train)} training, {len(samples.y_val)} validation, {len(samples.y_test)} test samples"
    accuracies = {
        kind: (result[f"val_accuracy_{kind}"], result[f"test_accuracy_{kind}"])
        for kind in ("relaxed", "hard", "circuit")
    }
    show_facts(
        data=f"{samples.name}: {sizes}, {counted(samples.features, 'feature')}, {samples.classes} classes",
        trained=f"{counted(result['epochs'], 'epoch')} in {result['seconds']:.1f} s, kept epoch {result['best_epoch']}",
        circuit=f"{nodes}, depth {result['depth']}, {counted(result['comparators'], 'comparator')}",
    )
    show_table(accuracy_table(accuracies, ("validation", "test"), highlight="circuit"))
    show_facts(written=listed(out, names), next=command_line("emit-verilog", out, "--out", out / "verilog"))
