"""The picture of accuracy against area on MNIST: benchmarks/results/area-mnist-*.json beside published circuits.

python -m benchmarks.area_curve writes docs/area-mnist.svg.
"""

from __future__ import annotations

import json
from pathlib import Path

# As published for xcvu9p, by Vivado out of context: LUT, test accuracy in %, and whether everything is inside.
PUBLISHED = (
    ("DWN", 692, 97.1, "without the encoder"),
    ("DWN", 4082, 98.3, "without the encoder"),
    ("TreeLUT", 4478, 97.0, ""),
    ("NeuraLUT-Assemble", 5070, 98.6, ""),
    ("KANELE", 7570, 96.25, ""),
    ("PolyLUT-Add", 14810, 96.0, ""),
)


def points(folder: Path) -> list[tuple[int, float]]:
    """LUT and test accuracy in % of the first seed of every MNIST circuit in a folder of results, by LUT."""
    runs = [json.loads(path.read_text())["runs"][0] for path in folder.glob("area-mnist-*.json")]
    return sorted((run["luts"], 100 * run["test_accuracy"]) for run in runs)


def draw(path: Path, ours: list[tuple[int, float]]) -> None:
    """Writes the picture as SVG, the same bytes for the same points."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    matplotlib.rcParams |= {"svg.hashsalt": "area", "svg.fonttype": "none"}
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    axes.plot(*zip(*ours, strict=True), "o-", color="tab:red", label="warp2hdl, everything inside, Yosys")
    for luts, accuracy in ours:
        axes.annotate(f"{accuracy:.2f} %", (luts, accuracy), (-3, 5), textcoords="offset points", ha="right", size=8)
    for name, luts, accuracy, note in PUBLISHED:
        axes.plot([luts], [accuracy], "o", color="tab:gray", mfc="white" if note else "tab:gray")
        text = f"{name}, {note}" if note else name
        above = accuracy > 98.5  # our line runs below it
        at, side = ((-6, 4), "right") if above else ((6, -11), "left")
        axes.annotate(text, (luts, accuracy), at, textcoords="offset points", ha=side, size=8, color="dimgray")
    axes.plot([], [], "o", color="tab:gray", label="as published, Vivado")
    axes.set(xscale="log", xlabel="look-up tables of 6 inputs", ylabel="MNIST test accuracy, %", xlim=(500, 30_000))
    axes.xaxis.set_major_locator(FixedLocator([500, 1000, 2000, 5000, 10_000, 20_000]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(95.5, 99.3)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    root = Path(__file__).parent
    draw(root.parent / "docs" / "area-mnist.svg", points(root / "results"))


if __name__ == "__main__":
    main()
