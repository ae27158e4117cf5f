"""Training."""

import warp2hdl.kernels  # noqa: F401  (before torch: it decides how threads wait)
from warp2hdl.train.trainer import EpochMetrics, Trained, fit

__all__ = ["EpochMetrics", "Trained", "fit"]
