"""The picture of a training run: loss, accuracy and the gap between relaxed and hard, epoch by epoch."""

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
    """Writes a PNG with the training loss, the validation accuracies and their gap per epoch.

    Args:
        path: the file.
        loss: mean training loss, one per epoch from 1.
        relaxed: validation accuracy of the relaxed network, 0 to 1, one per epoch.
        hard: validation accuracy of the hard network, 0 to 1, one per epoch.
        best_epoch: the epoch whose parameters were kept; 0 marks none.
        title: above the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(loss) + 1)
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies, gaps = figure.subplots(1, 3)
    marker = "o" if len(loss) == 1 else None
    losses.plot(epochs, loss, color="tab:gray", marker=marker)
    losses.set(title="training loss", ylabel="cross-entropy")
    accuracies.plot(epochs, [100 * share for share in relaxed], color="tab:blue", label="relaxed", lw=1, marker=marker)
    accuracies.plot(epochs, [100 * share for share in hard], color="tab:orange", label="hard", marker=marker)
    if best_epoch:
        kept = 100 * hard[best_epoch - 1]
        accuracies.plot([best_epoch], [kept], "o", color="tab:red", label=f"kept: epoch {best_epoch}, {kept:.1f} %")
    accuracies.set(title="validation accuracy", ylabel="%")
    accuracies.legend(loc="lower right", frameon=False)
    # Early epochs are far below the rest; the interesting part is the top.
    shares = sorted(100 * share for share in (*relaxed, *hard))
    bottom = shares[len(shares) // 10]
    accuracies.set_ylim(max(0.0, bottom - 3), min(100.5, shares[-1] + 2))
    gap = [100 * (soft - exact) for soft, exact in zip(relaxed, hard, strict=True)]
    gaps.axhline(0, color="black", lw=0.5)
    gaps.plot(epochs, gap, color="tab:green", marker=marker)
    if best_epoch:
        gaps.plot([best_epoch], [gap[best_epoch - 1]], "o", color="tab:red")
    gaps.set(title="gap: relaxed less hard", ylabel="percentage points")
    for axes in (losses, accuracies, gaps):
        axes.set_xlabel("epoch")
        if best_epoch:
            axes.axvline(best_epoch, color="tab:red", lw=0.5, ls=":")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
