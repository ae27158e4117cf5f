"""Logic layers for PyTorch."""

import warp2hdl.kernels  # noqa: F401  (before torch: it decides how threads wait)
from warp2hdl.nn.layers import GroupSum, LogicLayer

__all__ = ["GroupSum", "LogicLayer"]
