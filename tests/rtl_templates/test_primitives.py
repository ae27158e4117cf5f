import random
import re

import pytest

from tests.yosys_run import run_yosys, share_folder
from warp2hdl.rtl_templates import primitives

# Family -> how its models are written, and where Yosys has its own.
FAMILIES = {
    "xilinx": (primitives.xilinx_models, "xilinx/cells_sim.v", [f"LUT{k}" for k in range(1, 7)]),
    "ecp5": (primitives.ecp5_models, "ecp5/common_sim.vh", ["LUT4", "PFUMX", "L6MUX21"]),
    "ice40": (primitives.ice40_models, "ice40/cells_sim.v", ["SB_LUT4"]),
    "gowin": (primitives.gowin_models, "gowin/cells_sim.v", ["LUT1", "LUT2", "LUT3", "LUT4", "MUX2_LUT5", "MUX2_LUT6"]),
}  # fmt: skip


def names(text):
    return [line.split()[1] for line in text.splitlines() if line.startswith("module")]


def table(cell):
    """The parameter that holds a cell's table, and a random table; None for a multiplexer."""
    if "MUX" in cell or cell == "PFUMX":
        return None
    width = 1 << int(cell[-1])
    init = random.Random(cell).getrandbits(width)
    return "LUT_INIT" if cell == "SB_LUT4" else "INIT", f"{width}'h{init:x}"


def module(text, name):
    """One module's text, as the libraries are long to read; what tells a port's default value is left out."""
    found = re.search(rf"^module {name} *[#(].*?^endmodule\n", text, re.DOTALL | re.MULTILINE)
    return re.sub(r"`ICE40_DEFAULT_\w+|specify.*?endspecify", "", found[0], flags=re.DOTALL)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_does_what_yosys_own_does(family, tmp_path):
    write, library, cells = FAMILIES[family]
    own = (share_folder() / library).read_text()
    commands = []
    for cell in cells:
        (tmp_path / f"{cell}_model.v").write_text(module(write(range(1, 7)), cell))
        inner = module(own, "MUX2") if "MUX2_" in cell else ""
        (tmp_path / f"{cell}_own.v").write_text(module(own, cell) + inner)
        for kind in ("model", "own"):
            commands.append(f"read_verilog {cell}_{kind}.v")
            if found := table(cell):
                commands.append(f"chparam -set {found[0]} {found[1]} {cell}")
            commands += ["proc", "flatten", f"rename {cell} {kind}"]
        commands += ["miter -equiv -flatten model own both", "sat -verify -prove trigger 0 both", "design -reset"]
    output = run_yosys(commands, tmp_path)
    assert output.count("SAT proof finished - no model found: SUCCESS!") == len(cells)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_models_and_no_others_for_all_arities(family):
    write, _, cells = FAMILIES[family]
    assert names(write(range(1, 7))) == cells


@pytest.mark.parametrize(
    ("write", "arities", "expected"),
    [
        (primitives.xilinx_models, {6, 2}, ["LUT2", "LUT6"]),
        (primitives.ecp5_models, {2, 3}, ["LUT4"]),
        (primitives.ecp5_models, {5}, ["LUT4", "PFUMX"]),
        (primitives.gowin_models, {1, 5}, ["LUT1", "LUT4", "MUX2_LUT5"]),
        (primitives.ice40_models, {6}, ["SB_LUT4"]),
    ],
)
def test_only_what_the_arities_need(write, arities, expected):
    assert names(write(arities)) == expected


def test_input_0_is_the_lowest_address_bit():
    assert primitives.xilinx_models([2]) == (
        "module LUT2 #(parameter [3:0] INIT = 4'h0) (\n"
        "  input wire I0, input wire I1, output wire O\n"
        ");\n"
        "  assign O = INIT[{I1, I0}];\n"
        "endmodule\n"
    )
