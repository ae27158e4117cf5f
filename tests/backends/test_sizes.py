"""What the manifest predicts against what Yosys finds."""

import json
import subprocess
import sys

import pytest

from tests.backends.test_verilog import make
from warp2hdl.backends.verilog import emit

_SYNTHESIS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
flow = "synth_xilinx -family xcup -flatten -nodsp -nobram -noiopad -nosrl -top net"
for command in ("read_verilog net.v", flow, "tee -q -o stat.json stat -json"):
    libyosys.run_pass(command, design)
"""

CIRCUITS = {
    "two layers": {"layers": [(30, (2, 4)), (21, 3)]},
    "skips and biases": {"layers": [(20, (2, 3)), (20, (4, 5, 6)), (40, (2, 6))], "skips": True, "seed": 3},
    "ten classes": {"layers": [(60, 4)], "classes": 10, "seed": 1},
    "one bit words": {"layers": [(24, 3)], "feature_bits": 1, "features": 12, "classes": 2},
}


def synthesise(folder):
    """Cells by type."""
    subprocess.run([sys.executable, "-P", "-c", _SYNTHESIS], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]


@pytest.mark.parametrize("with_scores", [True, False])
@pytest.mark.parametrize("levels_per_stage", [0, 1, 2, 3])
@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.long
def test_registers_and_lookups_are_as_predicted(name, levels_per_stage, with_scores, tmp_path):
    circuit = make(**CIRCUITS[name])
    manifest = emit(circuit, tmp_path, levels_per_stage=levels_per_stage, with_scores=with_scores, target="xilinx")
    cells = synthesise(tmp_path)
    assert sum(n for cell, n in cells.items() if cell.startswith("FD")) == manifest.registers
    assert sum(n for cell, n in cells.items() if cell[:3] == "LUT") == sum(manifest.lookups.values())


def test_one_circuit_is_as_predicted(tmp_path):
    manifest = emit(make(), tmp_path, target="xilinx")
    cells = synthesise(tmp_path)
    assert sum(n for cell, n in cells.items() if cell.startswith("FD")) == manifest.registers
    assert sum(n for cell, n in cells.items() if cell[:3] == "LUT") == sum(manifest.lookups.values())
