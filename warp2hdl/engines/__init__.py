"""Engines classify samples with a circuit in software; every one of them equals `ir.interpret` bit for bit."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from warp2hdl.engines.base import Engine
from warp2hdl.errors import ConfigError

if TYPE_CHECKING:
    from warp2hdl.ir import Circuit

ENGINES = {
    "numpy": "warp2hdl.engines.reference",
    "simd": "warp2hdl.engines.simd",
    "triton": "warp2hdl.engines.gpu",
}
"""Each engine's module; its function `make(circuit, threads)` makes it."""


def make(circuit: Circuit, engine: str = "simd", threads: int = 1) -> Engine:
    """An engine for a circuit.

    Args:
        circuit: a valid circuit.
        engine: a key of `ENGINES`.
        threads: how many samples' blocks are worked on at a time, at least 1.

    Raises:
        ConfigError: there is no such engine, or fewer than 1 thread.
        ToolError: the engine needs something that this machine lacks.
    """
    if engine not in ENGINES:
        raise ConfigError(f"there is no engine {engine!r}; choose one of {', '.join(ENGINES)}.")
    if threads < 1:
        raise ConfigError(f"the number of threads is {threads}; it must be at least 1.")
    made: Engine = import_module(ENGINES[engine]).make(circuit, threads)
    return made


__all__ = ["ENGINES", "Engine", "make"]
