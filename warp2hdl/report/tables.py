"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.markup import escape
from rich.table import Table

_FULL_MATRIX = 12  # classes; a wider matrix does not fit a terminal
_WORST = 10


def percent(share: float | None) -> str:
    """A share of 0 to 1 as a percentage with two decimals; `-` where there is none."""
    return "-" if share is None else f"{100 * share:.2f} %"


def confusion(labels: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """How often each label `[samples]` was classified as what: counts `[classes, classes]`, labels in rows."""
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def accuracy_table(
    rows: Mapping[str, Sequence[float | None]], splits: Sequence[str], highlight: str | None = None
) -> Table:
    """Accuracies, shares of 0 to 1: a row for each kind of evaluation, a column for each split."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("accuracy")
    for split in splits:
        table.add_column(split, justify="right")
    for name, shares in rows.items():
        table.add_row(name, *map(percent, shares), style="bold" if name == highlight else None)
    return table


def confusion_table(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> Table:
    """A confusion matrix `[classes, classes]` of up to twelve classes in full, of more the classes that suffer most."""
    return _matrix(counts, class_names) if len(class_names) <= _FULL_MATRIX else _worst(counts, class_names)


def _recall(counts: npt.NDArray[np.int64], label: int) -> str:
    total = int(counts[label].sum())
    return percent(counts[label, label] / total if total else None)


def _matrix(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("label \\ found", no_wrap=True)
    for name in class_names:
        table.add_column(escape(name[:8]), justify="right")
    table.add_column("right", justify="right")
    for label, name in enumerate(class_names):
        cells = [_cell(int(count), found == label) for found, count in enumerate(counts[label])]
        table.add_row(escape(name[:24]), *cells, _recall(counts, label))
    return table


def _cell(count: int, right: bool) -> str:
    if not count:
        return "[dim]·[/]"
    return f"[green]{count}[/]" if right else str(count)


def _worst(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("label", "samples", "right", "most often found instead"):
        table.add_column(column, justify="right" if column in ("samples", "right") else "left")
    wrong = counts.sum(axis=1) - np.diagonal(counts)
    for label in np.argsort(-wrong, kind="stable")[:_WORST]:
        others = counts[label].copy()
        others[label] = 0
        most = int(np.argmax(others))
        instead = f"{escape(class_names[most])} ({others[most]})" if others[most] else "-"
        table.add_row(escape(class_names[label]), str(counts[label].sum()), _recall(counts, label), instead)
    return table


def step_table(costs: Mapping[str, Any]) -> Table:
    """Times of a step, milliseconds, as `StepCosts.to_json` gives them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ms a step")
    for column in ("median", "least", "greatest"):
        table.add_column(column, justify="right")
    for name, key in (("CPU", "cpu_ms"), ("wall", "wall_ms")):
        low, high = costs[f"{key}_range"]
        table.add_row(name, *(f"{value:.2f}" for value in (costs[f"{key}_per_step"], low, high)))
    return table


def passes_table(gains: Sequence[Mapping[str, Any]]) -> Table:
    """What each pass of a pipeline gained, all its runs together: a row for each, as `warp2hdl.passes.gains` tells."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("pass", no_wrap=True)
    for title in ("runs", "nodes", "edges", "comparators", "votes", "depth", "seconds"):
        table.add_column(title, justify="right")
    for gain in gains:
        changes = [gain[part] for part in ("nodes", "edges", "comparators", "votes", "depth")]
        cells = [f"{change:+d}" if change else "" for change in changes]
        table.add_row(gain["name"], str(gain["runs"]), *cells, f"{gain['seconds']:.2f}")
    return table
