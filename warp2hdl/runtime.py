"""Saved circuits as classifiers: `warp2hdl.runtime.load(path).predict(x)`."""

from __future__ import annotations

from pathlib import Path

from warp2hdl import ir
from warp2hdl.engines import Engine, make


def load(path: Path | str, engine: str = "simd", threads: int = 1) -> Engine:
    """An engine for the circuit in a file, or in the folder of a training run.

    Args:
        path: a `circuit.safetensors` that warp2hdl wrote, or the folder that holds it.
        engine: `simd`, for the CPU's vectors, `triton`, for a GPU, or `numpy`, the definition.
        threads: how many threads `simd` uses.

    Raises:
        ConfigError: there is no such engine, or fewer than 1 thread.
        DataError: there is no circuit.
        FormatError: the file is damaged, foreign, or of a newer version.
        VerifyError: its circuit breaks an invariant.
    """
    path = Path(path)
    return make(ir.load(path / "circuit.safetensors" if path.is_dir() else path), engine, threads)
