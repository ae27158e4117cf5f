"""Projects for other tools around emitted Verilog: Vivado, Quartus and FuseSoC.

Vivado's is the recipe that the field's area figures come from: out of context on xcvu9p, one clock, no pins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

PART = "xcvu9p-flgb2104-2-i"
QUARTUS_DEVICE = "10CX220YF780I5G"


def vivado_tcl(top: str, verilog: Sequence[str], clock: str | None, period_ns: float) -> str:
    """A script for `vivado -mode batch -source vivado.tcl`.

    Args:
        top: the top module.
        verilog: the files to read.
        clock: the clock's port, or None where the design is combinational.
        period_ns: the clock's period in nanoseconds, said in the header alone; `vivado_xdc` sets it.
    """
    goal = f"clock {clock}, {period_ns:g} ns" if clock else "combinational"
    reads = "\n".join(f"read_verilog [file join $here {name}]" for name in verilog)
    constraints = f"read_xdc -mode out_of_context [file join $here {top}.xdc]\n" if clock else ""
    return f"""# {top} out of context on {PART}, {goal}: vivado -mode batch -source vivado.tcl
set here [file dirname [file normalize [info script]]]
set out [file join $here vivado]
file mkdir $out
{reads}
{constraints}synth_design -top {top} -part {PART} -mode out_of_context -flatten_hierarchy full
opt_design
place_design
phys_opt_design
route_design
report_utilization -file [file join $out utilization.txt]
report_timing_summary -file [file join $out timing.txt]
write_checkpoint -force [file join $out {top}.dcp]
"""


def vivado_xdc(clock: str, period_ns: float) -> str:
    """The clock's constraint, which is all that an out-of-context run needs."""
    return f"create_clock -period {period_ns:g} -name {clock} [get_ports {clock}]\n"


def quartus_tcl(top: str, verilog: Sequence[str], clock: str | None, ports: Sequence[str]) -> str:
    """A script for `quartus_sh -t quartus.tcl`: every port but the clock is a virtual pin.

    Args:
        top: the top module.
        verilog: the files to read.
        clock: the clock's port, or None where the design is combinational.
        ports: all ports.
    """
    lines = [f"set_global_assignment -name VERILOG_FILE [file join $here {name}]" for name in verilog]
    if clock:
        lines.append(f"set_global_assignment -name SDC_FILE [file join $here {top}.sdc]")
    lines += [f"set_instance_assignment -name VIRTUAL_PIN ON -to {name}" for name in ports if name != clock]
    assignments = "\n".join(lines)
    return f"""# {top} with virtual pins: quartus_sh -t quartus.tcl
package require ::quartus::project
package require ::quartus::flow
set here [file dirname [file normalize [info script]]]
project_new -overwrite {top}
set_global_assignment -name DEVICE {QUARTUS_DEVICE}
set_global_assignment -name TOP_LEVEL_ENTITY {top}
{assignments}
export_assignments
execute_flow -compile
project_close
"""


def quartus_sdc(clock: str, period_ns: float) -> str:
    """The clock's constraint."""
    return f"create_clock -name {clock} -period {period_ns:g} [get_ports {clock}]\nderive_clock_uncertainty\n"


def fusesoc_core(top: str, verilog: Sequence[str], sdc: bool) -> str:
    """A core file of FuseSoC's (CAPI2): `fusesoc --cores-root . run --target=lint <name>`.

    Args:
        top: the top module.
        verilog: the files of the core.
        sdc: whether there is a constraint file beside them, `<top>.sdc`.
    """
    # What JSON quotes, YAML reads as the same string.
    files = "\n".join(f"      - {json.dumps(name)}" for name in verilog)
    timing = f"  constraints:\n    files:\n      - {json.dumps(top + '.sdc')}\n    file_type: SDC\n" if sdc else ""
    used = "[rtl, constraints]" if sdc else "[rtl]"
    return f"""CAPI=2:
name: "warp2hdl:classifiers:{top}:1.0.0"
description: "A look-up network as one pipeline"
filesets:
  rtl:
    files:
{files}
    file_type: verilogSource
{timing}targets:
  default: &default
    filesets: [rtl]
    toplevel: {json.dumps(top)}
  lint:
    <<: *default
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
  synth:
    filesets: {used}
    toplevel: {json.dumps(top)}
    default_tool: quartus
    tools:
      quartus:
        family: "Cyclone 10 GX"
        device: {json.dumps(QUARTUS_DEVICE)}
"""
