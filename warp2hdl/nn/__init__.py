"""Logic layers for PyTorch."""

from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.packed import PackBitsTensor

__all__ = ["GroupSum", "LogicLayer", "PackBitsTensor"]
