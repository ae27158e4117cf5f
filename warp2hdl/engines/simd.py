"""The engine `simd`."""

from __future__ import annotations

from warp2hdl import ir
from warp2hdl.engines.reference import NumpyEngine


def make(circuit: ir.Circuit, threads: int) -> NumpyEngine:
    """The engine for this CPU."""
    return NumpyEngine(circuit)
