"""The picture of a training run: loss and accuracy, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def draw_curves(
    path: Path,
    *,
    loss: Sequence[float],
    relaxed: Sequence[float],
    hard: Sequence[float],
    best_epoch: int,
    title: str,
) -> None:
    """Writes a PNG with the training loss and the validation accuracies per epoch.

    Args:
        path: the file.
        loss: mean training loss, one per epoch from 1.
        relaxed: validation accuracy of the relaxed network, 0 to 1, one per epoch.
        hard: validation accuracy of the hard network, 0 to 1, one per epoch.
        best_epoch: the epoch whose parameters were kept.
        title: above the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(loss) + 1)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    marker = "o" if len(loss) == 1 else None
    left.plot(epochs, loss, color="tab:gray", marker=marker)
    left.set(title="training loss", xlabel="epoch", ylabel="cross-entropy")
    right.plot(epochs, [100 * share for share in relaxed], color="tab:blue", label="relaxed", lw=1, marker=marker)
    right.plot(epochs, [100 * share for share in hard], color="tab:orange", label="hard", marker=marker)
    kept = 100 * hard[best_epoch - 1]
    right.plot([best_epoch], [kept], "o", color="tab:red", label=f"kept: epoch {best_epoch}, {kept:.1f} %")
    right.set(title="validation accuracy", xlabel="epoch", ylabel="%")
    right.legend(loc="lower right", frameon=False)
    # Early epochs are far below the rest; the interesting part is the top.
    shares = sorted(100 * share for share in (*relaxed, *hard))
    bottom = shares[len(shares) // 10]
    right.set_ylim(max(0.0, bottom - 3), min(100.5, shares[-1] + 2))
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
