"""Running ABC, the logic optimiser that comes with Yosys, on LUT networks."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from warp2hdl.errors import OutputError, ToolError, ToolNotFoundError, ToolTimeoutError
from warp2hdl.ir.circuit import LutNetwork
from warp2hdl.ir.interpret import evaluate_network
from warp2hdl.passes.exchange import from_bench, to_bench

TIMEOUT_SECONDS = 600
_LANES = 32  # of 64 patterns each, to check what ABC answers
# The tables become irredundant sums of products, which make better graphs than minterms.
_READ = "read_bench in.bench; bdd; sop; strash"


def optimise(network: LutNetwork, script: str, timeout_seconds: float = TIMEOUT_SECONDS) -> LutNetwork:
    """What a script of ABC makes of a network: the same outputs of the same inputs, by other look-ups.

    Args:
        network: the network; ABC starts from its and-inverter graph.
        script: commands of ABC that end in a mapped network.
        timeout_seconds: how long ABC may take.

    Raises:
        ToolNotFoundError: there is no ABC.
        ToolError: ABC fails, or its network computes something else.
        ToolTimeoutError: ABC takes longer.
        OutputError: the temporary folder cannot be written.
    """
    if not network.inputs or not len(network.outputs):
        return network
    command = [str(find_abc()), "-q", f"{_READ}; {script}; write_bench out.bench"]
    try:
        with tempfile.TemporaryDirectory(prefix="warp2hdl-") as folder:
            Path(folder, "in.bench").write_text(to_bench(network))
            said = _run(command, folder, timeout_seconds)
            written = Path(folder, "out.bench")
            if not written.is_file():
                lines = said.strip().splitlines() or ["no output"]
                message = f"ABC wrote no network: {lines[-1]}; please report this with the circuit."
                raise ToolError(message, command=command, output=said[-4000:])
            found = from_bench(written.read_text(), network.inputs, len(network.outputs))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write to the temporary folder: {reason}; free some space or set TMPDIR.") from error
    _require_equal(network, found, command)
    return found


def find_abc() -> Path:
    """ABC's executable: the one in the pyosys package, else `yosys-abc` or `abc` on PATH.

    Raises:
        ToolNotFoundError: there is none.
    """
    spec = importlib.util.find_spec("pyosys")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (found := Path(place, "yosys-abc")).is_file():
            return found
    for name in ("yosys-abc", "abc"):
        if (path := shutil.which(name)) is not None:
            return Path(path)
    raise ToolNotFoundError(
        "ABC was looked for in the Python package pyosys and as yosys-abc and abc on PATH, and not found; "
        "pip install pyosys."
    )


def _run(command: list[str], folder: str, timeout_seconds: float) -> str:
    """Runs a command to its end and returns what it said; kills it, and what it started, if this is interrupted."""
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired as error:
        message = f"ABC did not finish within {timeout_seconds:g} s; choose the pipeline default."
        raise ToolTimeoutError(message, command=command) from error
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if child.returncode:
        lines = said.strip().splitlines() or ["no output"]
        message = f"ABC ended with status {child.returncode}: {lines[-1]}; please report this with the circuit."
        raise ToolError(message, command=command, output=said[-4000:])
    return said


def _require_equal(before: LutNetwork, after: LutNetwork, command: list[str]) -> None:
    """Compares both networks on random inputs; `prove` compares them on all."""
    rng = np.random.default_rng(0)
    top = np.iinfo(np.uint64).max
    inputs = rng.integers(0, top, (before.inputs, _LANES), np.uint64, endpoint=True)
    found = [evaluate_network(network, inputs)[network.outputs] for network in (before, after)]
    wrong = np.flatnonzero((found[0] != found[1]).any(axis=1))
    if len(wrong):
        message = f"ABC changed what output {wrong[0]} computes; please report this with the circuit."
        raise ToolError(message, command=command)
