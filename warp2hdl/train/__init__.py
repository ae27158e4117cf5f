"""Training."""

from warp2hdl.train.metrics import EpochMetrics
from warp2hdl.train.trainer import Trained, fit

__all__ = ["EpochMetrics", "Trained", "fit"]
