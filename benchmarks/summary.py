"""Figures of several seeds: mean and deviation."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence


def summary(runs: Sequence[Mapping[str, object]]) -> dict[str, dict[str, float]]:
    """Mean and sample standard deviation (0 of one run) of every figure that all runs have.

    Args:
        runs: one table of figures a seed; what is no number is left out.
    """
    figures = [name for name, value in runs[0].items() if isinstance(value, (int, float)) and name != "seed"]
    values = {name: [float(run[name]) for run in runs if isinstance(run[name], (int, float))] for name in figures}
    return {
        name: {"mean": statistics.fmean(each), "deviation": statistics.stdev(each) if len(each) > 1 else 0.0}
        for name, each in values.items()
    }
