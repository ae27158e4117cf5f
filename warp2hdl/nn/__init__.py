"""Logic layers for PyTorch."""

from warp2hdl.nn.layers import GroupSum, LogicLayer

__all__ = ["GroupSum", "LogicLayer"]
