"""A small table of the user's for tests."""

import numpy as np


def write_table(path, *, rows=60, seed=0, target="kind", labels=True):
    """A `.csv` with two numeric and a categorical column; the label depends on the first."""
    rng = np.random.default_rng(seed)
    names = ["size", "weight", "colour"] + ([target] if labels else [])
    lines = [",".join(names)]
    for _ in range(rows):
        size = rng.uniform(0, 10)
        cells = [f"{size:.2f}", f"{rng.integers(0, 100)}", rng.choice(["red", "green"])]
        lines.append(",".join(cells + ([["small", "large"][size > 5]] if labels else [])))
    path.write_text("\n".join(lines) + "\n")
    return path
