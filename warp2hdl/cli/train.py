"""`warp2hdl train`."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import CIRCUIT_FILE, MODEL_FILE
from warp2hdl.cli.command import Command, Interrupted, Result
from warp2hdl.cli.console import command_line, counted, listed, progress, show_facts, show_table
from warp2hdl.errors import DataError, OutputError

if TYPE_CHECKING:
    from warp2hdl.cli.datasets import Source
    from warp2hdl.cli.run_folder import Run
    from warp2hdl.config import TrainConfig
    from warp2hdl.data import Dataset
    from warp2hdl.train import EpochMetrics, Trained
    from warp2hdl.train.backfit import Sweep
    from warp2hdl.train.model_file import Model


_FILES = (".csv", ".npz")
_CHECKPOINT = "checkpoint"
_NAMED = 5


@click.command("train", cls=Command)
@click.argument("dataset", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="The folder with the files of DATASET.")
@click.option("--target", metavar="COLUMN", help="The column of a .csv that holds the label.")
@click.option("--categorical", metavar="COLUMN", multiple=True, help="A column of a .csv that holds no numbers.")
@click.option(
    "--preset", metavar="NAME", default="best", show_default=True, help="best, or difflogic: the settings of its paper."
)
@click.option(
    "--max-luts", type=click.IntRange(min=1), metavar="N", help="Train for a circuit of at most N look-ups in all."
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings (TOML) that differ from the preset.")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME]")
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on from the network of this run, with its settings and its data.",
)
@click.option("--feature-bits", type=click.IntRange(1, 16), metavar="N", help="The most bits of a feature's word.")
@click.option(
    "--epochs", type=click.IntRange(min=0), metavar="N", help="Passes over the training split; 0 with --from alone."
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of every random choice in training.")
@click.option(
    "--split-seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    default=0,
    show_default=True,
    help="Of the data's splits.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train; auto is cuda where there is one.",
)
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped in the run's folder.")
def command(
    dataset: str | None,
    data: Path | None,
    target: str | None,
    categorical: tuple[str, ...],
    preset: str,
    max_luts: int | None,
    config: Path | None,
    out: Path | None,
    start: Path | None,
    feature_bits: int | None,
    epochs: int | None,
    seed: int | None,
    split_seed: int,
    device: str,
    resume: bool,
) -> Result | None:
    """Train a network on DATASET and lower it to a circuit.

    DATASET is digits (the default); with --data FOLDER mnist, mnist20x20, fashion-mnist, cifar-10, adult,
    breast-cancer, or monk-1 to monk-3; or a .csv (with --target) or .npz file.
    The run's folder receives the model, the circuit, the test vectors, the settings and the training curves. A run
    that is stopped leaves a checkpoint there, and the same command with --resume goes on from it. Under torchrun
    several processes train one network. --from RUN fine-tunes a trained network, with --feature-bits N on narrower
    words of its features.
    """
    _require_run_folder(out)
    if start is None and dataset is None and data is not None and data.suffix.lower() in _FILES:
        dataset, data = str(data), None
    with contextlib.ExitStack() as stack:
        first = int(os.environ.get("RANK", "0")) == 0
        if not first:  # one of the processes that torchrun started says what all do
            stack.enter_context(contextlib.redirect_stderr(stack.enter_context(Path(os.devnull).open("w"))))
        with progress(f"reading {dataset or start or 'digits'}"):
            from warp2hdl.cli import fine_tuning, train_settings

            model = None if start is None else fine_tuning.load_start(start)
            samples, source = fine_tuning.read(
                dataset, data, start, model, target=target, categorical=categorical, split_seed=split_seed
            )
        out = out or Path("runs", samples.name)
        _require_run_folder(out)
        if start is not None:
            fine_tuning.require_other_folder(out, start)
        settings = train_settings.chosen(
            source.source, samples, preset, max_luts, config, None if model is None else model.config
        )
        settings = train_settings.with_options(
            settings, samples, config, feature_bits=feature_bits, epochs=epochs, seed=seed
        )
        _warn_of_missing_classes(samples)
        folder = stack.enter_context(_checkpoint(out, resume)) if first else out / _CHECKPOINT
        trained = _fit(dataset or source.source, samples, settings, device, folder, resume, model)
        if not first:
            return None
        run, names = _finish(trained, samples, source, out)
    if trained.sweeps:
        show_facts(backfit=_backfit_line(trained, run.accuracy["val_accuracy_hard"]))
    _show(run, samples, out, names)
    return run.summary() | {"out": str(out)}


def _backfit_line(trained: Trained, after: float) -> str:
    """What the sweeps did to the validation accuracy, which is `after` of the network that was kept."""
    reached = [m.val_accuracy_hard for m in trained.metrics]
    before = max([*reached, trained.start_accuracy or 0.0])
    return f"{counted(len(trained.sweeps), 'sweep')}, validation {before:.2%} -> {after:.2%}"


def _require_run_folder(out: Path | None) -> None:
    """Refuses to put a run among other files, which it might replace."""
    if out is None or not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file; give --out a folder.")
    names = {path.name for path in out.iterdir() if not path.name.startswith(".") and path.name != "lost+found"}
    if names and not names & {MODEL_FILE, CIRCUIT_FILE, _CHECKPOINT}:
        raise OutputError(f"{out} holds other files than a run's, {min(names)!r} for one; give --out a new folder.")


def _warn_of_missing_classes(samples: Dataset) -> None:
    for split, labels in (("training", samples.y_train), ("validation", samples.y_val), ("test", samples.y_test)):
        present = set(labels.tolist())
        missing = [name for label, name in enumerate(samples.class_names) if label not in present]
        if missing:
            named = ", ".join(repr(name) for name in missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
            show_facts(warning=f"no {split} sample of {'class' if len(missing) == 1 else 'classes'} {named}")


@contextlib.contextmanager
def _checkpoint(out: Path, resume: bool) -> Iterator[Path]:
    """The folder for the state of the unfinished run; it goes away when all is well, and says so when it stays."""
    from warp2hdl.files import made_folder

    with made_folder(out / _CHECKPOINT) as folder:
        before = _stamps(folder)
        if before and not resume:
            show_facts(note=f"{folder} is of an unfinished run; this one replaces it, --resume would go on with it")
        try:
            yield folder
        except BaseException as error:
            advice = f"the same command with --resume goes on from {folder}"
            changed = _stamps(folder) != before
            if isinstance(error, KeyboardInterrupt) and (changed or (resume and before)):
                raise Interrupted(f"interrupted; {advice}.") from error
            if changed:
                show_facts(kept=advice)
            raise
        shutil.rmtree(folder)


def _stamps(folder: Path) -> dict[str, int]:
    """When the files in a folder were written, in nanoseconds."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def _finish(trained: Trained, samples: Dataset, source: Source, out: Path) -> tuple[Run, list[str]]:
    """Lowers the network and writes the run; returns the names of the files as well."""
    from warp2hdl.cli.run_folder import finish, save
    from warp2hdl.files import staged_folder

    with staged_folder(out) as stage, progress("lowering, checking and saving the circuit"):
        run = finish(trained, samples, source)
        save(run, stage)
        return run, sorted(path.name for path in stage.iterdir())


def _fit(
    dataset: str,
    samples: Dataset,
    settings: TrainConfig,
    device: str,
    folder: Path,
    resume: bool,
    start: Model | None,
) -> Trained:
    epochs = settings.training.epochs
    with progress(f"training on {samples.name}") as shown:
        from warp2hdl.train import fit

        note = "" if resume else f"epoch 1 of {epochs}"

        def on_epoch(metrics: EpochMetrics) -> None:
            nonlocal note
            share = 100 * metrics.val_accuracy_hard
            note = f"epoch {min(metrics.epoch + 1, epochs)} of {epochs}, validation {share:.1f} %"

        def on_step(done: int, total: int) -> None:
            shown.update(done, total, note)

        def on_sweep(sweep: Sweep) -> None:
            share = 100 * sweep.val_accuracy_hard
            note = f"backfit sweep {sweep.number} of {settings.training.backfit_sweeps}, validation {share:.1f} %"
            shown.update(sweep.number, settings.training.backfit_sweeps, note)

        try:
            return fit(
                samples,
                settings,
                start=start,
                device=device,
                checkpoint=folder,
                resume=resume,
                on_epoch=on_epoch,
                on_step=on_step,
                on_sweep=on_sweep,
            )
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
    kept = f"epoch {result['best_epoch']}" if result["best_epoch"] else "the network it went on from"
    show_facts(
        data=f"{samples.name}: {sizes}, {counted(samples.features, 'feature')}, {samples.classes} classes",
        trained=f"{counted(result['epochs'], 'epoch')} in {result['seconds']:.1f} s, kept {kept}",
        circuit=f"{nodes}, depth {result['depth']}, {counted(result['comparators'], 'comparator')}",
    )
    show_table(accuracy_table(accuracies, ("validation", "test"), highlight="circuit"))
    show_facts(written=listed(out, names), next=command_line("emit-verilog", out, "--out", out / "verilog"))
