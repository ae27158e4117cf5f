"""Writes projects for Vivado, Quartus and FuseSoC around an emitted folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from warp2hdl.backends.manifest import Manifest
from warp2hdl.files import staged_folder
from warp2hdl.rtl_templates import projects

PERIOD_NS = 2.0
"""The clock that is asked for; the reports say which one was reached."""


def write_projects(folder: Path | str, out_dir: Path | str, *, period_ns: float = PERIOD_NS) -> list[str]:
    """Writes a folder with the Verilog, a script for each tool, and constraints.

    Args:
        folder: what `emit-verilog` wrote.
        out_dir: the folder to write; files of the same names are replaced.
        period_ns: the clock's period in nanoseconds.

    Returns:
        The names of the files.

    Raises:
        FormatError: `folder` is damaged or foreign.
        OutputError: `out_dir` cannot be written.
    """
    folder, manifest = Path(folder), Manifest.read(folder)
    top, verilog, clock = manifest.top, manifest.verilog, manifest.clock
    texts = {
        "vivado.tcl": projects.vivado_tcl(top, verilog, clock, period_ns),
        "quartus.tcl": projects.quartus_tcl(top, verilog, clock, [port.name for port in manifest.ports]),
        f"{top}.core": projects.fusesoc_core(top, verilog, clock is not None),
    }
    if clock is not None:
        texts[f"{top}.xdc"] = projects.vivado_xdc(clock, period_ns)
        texts[f"{top}.sdc"] = projects.quartus_sdc(clock, period_ns)
    with staged_folder(out_dir) as stage:
        for name in verilog:
            shutil.copyfile(folder / name, stage / name)
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="ascii")
    return sorted([*verilog, *texts])
