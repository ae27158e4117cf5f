"""Verilog -> a netlist of a family's cells, by Yosys in a child process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from warp2hdl.errors import ToolNotFoundError
from warp2hdl.sim.process import run_tool
from warp2hdl.synth.families import Family
from warp2hdl.synth.netlist import Module, read_modules

_CHILD = Path(__file__).with_name("yosys.py")


def source_name(number: int) -> str:
    """What Yosys knows source file `number` by: a path with blanks or quotes never meets its command parser."""
    return f"source_{number}.v"


def map_to_cells(
    sources: Sequence[Path],
    top: str,
    family: Family,
    out: Path,
    *,
    borders: Sequence[str] = (),
    timeout_seconds: float,
    poll: Callable[[], None] | None = None,
) -> dict[str, Module]:
    """Synthesises `top`.

    Args:
        sources: the Verilog files.
        top: the top module.
        family: what it is mapped to.
        out: where the netlist is written, as Yosys's JSON; its folder is used for files on the way.
        borders: modules that stay modules; without any the netlist is flat.
        timeout_seconds: wall time.
        poll: called about twenty times a second.

    Returns:
        The modules of the netlist.

    Raises:
        ToolNotFoundError: pyosys is not installed.
        ToolError: Yosys fails.
        ToolTimeoutError: it takes too long.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolNotFoundError("Yosys was looked for as the Python package pyosys and not found; pip install pyosys.")
    folder = out.parent
    commands = []
    for number, source in enumerate(sources):
        shutil.copyfile(source, folder / source_name(number))
        commands.append(f"read_verilog {source_name(number)}")
    commands += [f"setattr -mod -set keep_hierarchy 1 {module}" for module in borders]
    commands += [family.flow.format(top=top), f"write_json {out.name}"]
    script = folder / "commands.ys"
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    command = [sys.executable, "-P", str(_CHILD), script.name]
    run_tool("yosys", command, env=os.environ, folder=folder, timeout_seconds=timeout_seconds, poll=poll)
    return read_modules(out)
