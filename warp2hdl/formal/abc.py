"""Questions to yosys-abc (Berkeley ABC): SAT sweeping, satisfiability, and whether a function is 0 by its BDD."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warp2hdl.errors import ToolError, ToolNotFoundError
from warp2hdl.formal.graph import FALSE, Graph, decode
from warp2hdl.sim.process import OUTPUT_TAIL, run_tool

_CONFLICTS = 1_000_000  # a node of the sweep is given up after as many
_BDD_NODES = 50_000_000


@dataclass(frozen=True)
class Answer:
    """Whether a literal can be 1.

    Attributes:
        satisfiable: yes, no, or None where the solver gave up.
        inputs: an assignment of the graph's inputs that makes it 1, where it can be.
    """

    satisfiable: bool | None
    inputs: tuple[bool, ...] | None = None


def sweep(graph: Graph, literals: Sequence[int], *, timeout_seconds: float) -> tuple[Graph, list[int]]:
    """Merges nodes that are proven equal up to inversion, from the inputs up.

    Returns:
        An equivalent graph over the same inputs, and the literals in it.

    Raises:
        ToolNotFoundError: yosys-abc is missing.
        ToolError: it fails.
        ToolTimeoutError: it takes longer than `timeout_seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="warp2hdl-prove-") as name:
        folder = Path(name)
        (folder / "in.aig").write_bytes(graph.encode(literals))
        _run(f"&r in.aig; &fraig -x -C {_CONFLICTS}; &w out.aig", folder, timeout_seconds)
        return decode((folder / "out.aig").read_bytes())


def solve(graph: Graph, literal: int, *, timeout_seconds: float) -> Answer:
    """Whether a literal can be 1; errors as of `sweep`."""
    if literal <= 1:
        return Answer(bool(literal), (False,) * graph.inputs if literal else None)
    with tempfile.TemporaryDirectory(prefix="warp2hdl-prove-") as name:
        folder = Path(name)
        (folder / "in.aig").write_bytes(graph.encode([literal]))
        output = _run("read_aiger in.aig; iprove; print_status; write_cex -n out.cex", folder, timeout_seconds)
        status = re.search(r"^Status = (-?\d)", output, re.MULTILINE)
        if status is None:
            raise ToolError("yosys-abc did not say how it ended; please report this.", output=output[-OUTPUT_TAIL:])
        if status[1] != "0":
            return Answer(False if status[1] == "1" else None)
        bits = re.findall(r"(?m)^\S+=([01])$", (folder / "out.cex").read_text(encoding="ascii"))
    if len(bits) != graph.inputs:
        raise ToolError(f"yosys-abc assigned {len(bits)} of {graph.inputs} inputs; please report this.", output=output)
    return Answer(True, tuple(bit == "1" for bit in bits))


def are_false(graph: Graph, literals: Sequence[int], *, timeout_seconds: float) -> bool:
    """Whether literals are 0 for all inputs, by their BDDs (R. E. Bryant, 1986); False also where these are too large.

    The bits of a weighted sum of n inputs have BDDs of at most n times the sum's range in nodes, in any order of the
    inputs, where SAT solvers fail on two ways of adding up the same bits. Errors as of `sweep`.
    """
    if all(literal <= 1 for literal in literals):
        return not any(literals)
    with tempfile.TemporaryDirectory(prefix="warp2hdl-prove-") as name:
        folder = Path(name)
        (folder / "in.aig").write_bytes(graph.encode(literals))
        script = f"read_aiger in.aig; collapse -r -B {_BDD_NODES}; strash; write_aiger out.aig"
        _run(script, folder, timeout_seconds)
        found = folder / "out.aig"
        # Nothing is written where the BDDs are too large, or too large to be written, as those of 0 are not.
        return found.is_file() and all(literal == FALSE for literal in decode(found.read_bytes())[1])


def binary() -> Path:
    """The program, which comes with pyosys.

    Raises:
        ToolNotFoundError: it is missing.
    """
    import importlib.util

    spec = importlib.util.find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise ToolNotFoundError("yosys-abc comes with the Python package pyosys, which is missing; pip install pyosys.")
    path = Path(spec.origin).with_name("yosys-abc")
    if not path.is_file():
        raise ToolNotFoundError(f"{path} is missing; install pyosys again.")
    return path


def _run(script: str, folder: Path, timeout_seconds: float) -> str:
    command = [str(binary()), "-q", script]
    return run_tool("yosys-abc", command, env=os.environ, folder=folder, timeout_seconds=timeout_seconds)
