"""Training."""

from warp2hdl.train.trainer import EpochMetrics, Trained, fit

__all__ = ["EpochMetrics", "Trained", "fit"]
