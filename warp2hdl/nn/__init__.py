"""Logic layers for PyTorch."""

from warp2hdl.nn.layers import GroupSum, LogicLayer
from warp2hdl.nn.packed import PackBitsTensor
from warp2hdl.nn.sequential import LogicSequential

__all__ = ["GroupSum", "LogicLayer", "LogicSequential", "PackBitsTensor"]
