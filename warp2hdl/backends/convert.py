"""Amaranth -> RTLIL -> Verilog, block by block."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Fragment
from amaranth.hdl._ir import PortDirection
from amaranth.lib.wiring import In

from warp2hdl.backends.block import Block, Emission, WrittenBlock
from warp2hdl.errors import OutputError, ToolError, ToolNotFoundError, ToolTimeoutError

TIMEOUT_SECONDS = 600
_CHILD = Path(__file__).with_name("yosys.py")


@dataclass(frozen=True)
class Rtlil:
    """A design for Yosys.

    Attributes:
        text: the RTLIL.
        comments: the modules' names from the top down, and a line about each.
        order: per module, the names of its signals and instances in the order in which they were built.
        written: the modules of which the RTLIL has the ports alone, by name.
    """

    text: str
    comments: dict[str, str]
    order: dict[str, list[str]]
    written: dict[str, WrittenBlock]


@contextlib.contextmanager
def _collector_off() -> Iterator[None]:
    """A netlist is one large structure without garbage; looking for some costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _mend(text: str) -> str:
    """Numbers the ports from 1, as Yosys has it, and starts no register but the valid bits at a value."""
    text = re.sub(r"(?m)^(\s*wire .*(?:input|output)) (\d+)", lambda m: f"{m[1]} {int(m[2]) + 1}", text)
    return re.sub(r"(?m)^\s*attribute \\init .*\n(?!\s*wire .*\\valid$)", "", text)


def _block_rtlil(block: Block, name: str, emission: Emission) -> str:
    fragment = Fragment.get(block, emission)
    ports = {}
    if block.clocked:
        # The top alone has bits to reset; in all others every register holds data.
        domain = ClockDomain("sync", reset_less=block.block_name != "top")
        fragment.add_domains(domain)
        ports["clk"] = (domain.clk, PortDirection.Input)
        if domain.rst is not None:
            ports["rst"] = (domain.rst, PortDirection.Input)
    for key, member in block.signature.members.items():
        ports[key] = (getattr(block, key), PortDirection.Input if member.flow == In else PortDirection.Output)
    return _mend(rtlil.convert_fragment(fragment, ports, name, emit_src=False)[0])


def _ports_rtlil(block: Block, name: str) -> str:
    """A module without contents."""
    ports = [("input", 1, "clk")] if block.clocked else []
    for key, member in block.signature.members.items():
        ports.append(("input" if member.flow == In else "output", len(getattr(block, key)), key))
    lines = [f"  wire width {width} {way} {i} \\{key}" for i, (way, width, key) in enumerate(ports, 1)]
    return "\n".join([f"module \\{name}", *lines, "end", ""])


def _names(text: str) -> list[str]:
    return re.findall(r"(?m)^\s*(?:wire|cell) .*\\(\w+)$", text)


def to_rtlil(top: Block, name: str) -> Rtlil:
    """Elaborates `top` and every block below it as one RTLIL module each."""
    emission = Emission(name)
    parts, comments, written = [], {name: top.summary}, {}
    with _collector_off():
        parts.append(_block_rtlil(top, name, emission))
        done: set[str] = set()
        while waiting := [block for key, block in emission.blocks.items() if key not in done]:
            for block in waiting:
                module = emission.module_name(block)
                comments[module] = block.summary
                if isinstance(block, WrittenBlock):
                    written[module] = block
                    parts.append(_ports_rtlil(block, module))
                else:
                    parts.append(_block_rtlil(block, module, emission))
                done.add(block.block_name)
    return Rtlil("\n".join(parts), comments, dict(zip(comments, map(_names, parts), strict=True)), written)


def to_verilog(source: str, timeout_seconds: float = TIMEOUT_SECONDS) -> str:
    """RTLIL -> Verilog as Yosys writes it.

    Raises:
        ToolNotFoundError: pyosys is not installed.
        ToolError: Yosys fails.
        ToolTimeoutError: Yosys takes longer than `timeout_seconds`.
        OutputError: the temporary folder cannot be written.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolNotFoundError("Yosys was looked for as the Python package pyosys and not found; pip install pyosys.")
    try:
        with tempfile.TemporaryDirectory(prefix="warp2hdl-") as folder:
            Path(folder, "in.il").write_text(source)
            _run_yosys(folder, timeout_seconds)
            return Path(folder, "out.v").read_text()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write to the temporary folder: {reason}; free some space or set TMPDIR.") from error


def _run_yosys(folder: str, timeout_seconds: float) -> None:
    # Relative names: a path with blanks or quotes never meets Yosys's command parser.
    command = [sys.executable, "-P", str(_CHILD), "in.il", "out.v"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"Yosys did not write the Verilog within {timeout_seconds:g} s; emit a smaller circuit."
        raise ToolTimeoutError(message, command=command) from error
    if done.returncode:
        output = (done.stdout + done.stderr)[-4000:]
        last = output.strip().splitlines()[-1] if output.strip() else "no output"
        message = f"Yosys (pyosys) ended with status {done.returncode}: {last}; please report this with the circuit."
        raise ToolError(message, command=command, output=output)
