"""The IR: circuits of LUT-k primitives, their definition, invariants and file format."""

from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata
from warp2hdl.ir.interpret import classify, evaluate_network, scores
from warp2hdl.ir.serial import load, save
from warp2hdl.ir.verify import INVARIANTS, verify

__all__ = [
    "INVARIANTS",
    "Circuit",
    "Groups",
    "LutNetwork",
    "Metadata",
    "classify",
    "evaluate_network",
    "load",
    "save",
    "scores",
    "verify",
]
