"""Verilog as it stands in an emitted folder, read back with Yosys: cells, nets and ports of the flat top module."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warp2hdl.errors import FormatError, ToolError, ToolNotFoundError
from warp2hdl.formal.cells import Bit, Cell, Operation, operations
from warp2hdl.sim.process import run_tool

_CHILD = Path(__file__).with_name("child.py")
_IGNORED = {"$scopeinfo", "$print", "$check"}


@dataclass(frozen=True)
class Register:
    """A flip-flop at the rising edge of `clock`."""

    clock: Bit
    data: Bit


@dataclass(frozen=True)
class Netlist:
    """A flat module.

    Attributes:
        inputs: the bits of each input port, lowest first.
        outputs: the bits of each output port, lowest first.
        operations: combinational cells.
        registers: flip-flops by the net that they drive.
        names: a name for each net that has one.
    """

    inputs: dict[str, tuple[Bit, ...]]
    outputs: dict[str, tuple[Bit, ...]]
    operations: tuple[Operation, ...]
    registers: dict[Bit, Register]
    names: dict[Bit, str]

    def name(self, net: Bit) -> str:
        """What a net is called in a message."""
        return self.names.get(net, f"net {net}")


def read_verilog(sources: Sequence[Path], top: str, *, timeout_seconds: float) -> Netlist:
    """Reads Verilog files and flattens the module `top`.

    Raises:
        ToolNotFoundError: pyosys is not installed.
        ToolError: Yosys cannot read the files.
        ToolTimeoutError: Yosys takes longer than `timeout_seconds`.
        FormatError: the design has nets with several drivers, or latches, memories or other cells that no emitted
            circuit has.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolNotFoundError("Yosys was looked for as the Python package pyosys and not found; pip install pyosys.")
    with tempfile.TemporaryDirectory(prefix="warp2hdl-prove-") as name:
        folder = Path(name)
        # Under plain names: a path with blanks or quotes never meets Yosys's command parser.
        local = [f"in_{i}.v" for i in range(len(sources))]
        for source, copy in zip(sources, local, strict=True):
            shutil.copyfile(source, folder / copy)
        command = [sys.executable, "-P", str(_CHILD), top, "out.json", *local]
        log = run_tool("Yosys", command, env=os.environ, folder=folder, timeout_seconds=timeout_seconds)
        if (conflict := re.search(r"multiple conflicting drivers for (\S+)", log)) is not None:
            raise FormatError(f"{sources[0]}: {conflict[1]} has several drivers; emit the folder again.")
        modules = json.loads((folder / "out.json").read_text(encoding="utf-8"))["modules"]
    if top not in modules:
        raise ToolError(f"Yosys did not find the module {top} in {sources[0]}; emit the folder again.", command=command)
    return _netlist(modules[top], sources[0])


def _netlist(module: dict[str, dict[str, dict[str, object]]], source: Path) -> Netlist:
    ports: dict[str, dict[str, tuple[Bit, ...]]] = {"input": {}, "output": {}, "inout": {}}
    for name, port in module["ports"].items():
        ports[str(port["direction"])][name] = tuple(port["bits"])  # type: ignore[arg-type]
    found: list[Operation] = []
    registers: dict[Bit, Register] = {}
    for name, raw in module["cells"].items():
        cell = Cell(str(raw["type"]), raw["parameters"], raw["connections"])  # type: ignore[arg-type]
        if cell.kind in _IGNORED:
            continue
        if cell.kind == "$dff" and cell.number("CLK_POLARITY"):
            clock = cell.connections["CLK"][0]
            pairs = zip(cell.connections["Q"], cell.connections["D"], strict=True)
            registers |= {q: Register(clock, d) for q, d in pairs}
            continue
        made = operations(cell)
        if made is None:
            raise FormatError(
                f"{source} has a cell {cell.kind} ({name}), which no circuit of warp2hdl has; emit the folder again."
            )
        found.extend(made)
    return Netlist(ports["input"], ports["output"], tuple(found), registers, _names(module["netnames"]))


def _names(nets: dict[str, dict[str, object]]) -> dict[Bit, str]:
    names: dict[Bit, str] = {}
    for name, net in nets.items():
        if not net.get("hide_name"):
            bits: list[Bit] = net["bits"]  # type: ignore[assignment]
            names |= {bit: name if len(bits) == 1 else f"{name}[{i}]" for i, bit in enumerate(bits)}
    return names
