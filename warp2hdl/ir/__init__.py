"""The IR: circuits of LUT-k primitives, their definition, invariants and file format."""

from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata
from warp2hdl.ir.interpret import classify, evaluate_network, scores

__all__ = ["Circuit", "Groups", "LutNetwork", "Metadata", "classify", "evaluate_network", "scores"]
