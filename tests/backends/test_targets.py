import re
from dataclasses import replace

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.yosys_run import run_yosys
from warp2hdl.backends.targets import TARGETS, get_target
from warp2hdl.backends.verilog import convert
from warp2hdl.errors import BackendError
from warp2hdl.ir.circuit import Groups

PRIMITIVES = [name for name in TARGETS if name != "generic"]


def test_generic_is_an_expression():
    assert get_target("generic").write_value(0b0110, ["x[1]", "x[0]"]) == "x[1] ^ x[0]"


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_others_are_primitives_but_for_wires(name):
    target = get_target(name)
    assert target.write_value(0b10, ["x[3]"]) == "x[3]"
    assert target.write_value(0b01, ["x[3]"]) is None


def test_xilinx():
    target = get_target("xilinx")
    line = target.write_primitive("n7", 0xBE, ["x[3]", "x[9]", "x"])
    assert line == "LUT3 #(.INIT(8'hbe)) lut_n7 (.I0(x[3]), .I1(x[9]), .I2(x), .O(n7));"
    assert "INIT(2'h1)" in target.write_primitive("n0", 1, ["x"])
    assert "INIT(64'h0000000000000001)" in target.write_primitive("n0", 1, list("abcdef"))


def test_a_table_repeats_over_idle_inputs():
    found = get_target("ecp5").write_primitive("n7", 0b1000, ["a", "b"])
    assert found == "LUT4 #(.INIT(16'h8888)) lut_n7 (.A(a), .B(b), .C(1'b0), .D(1'b0), .Z(n7));"
    found = get_target("ice40").write_primitive("n7", 0b01, ["a"])
    assert found == "SB_LUT4 #(.LUT_INIT(16'h5555)) lut_n7 (.I0(a), .I1(1'b0), .I2(1'b0), .I3(1'b0), .O(n7));"


def test_five_and_six_inputs_are_chosen_between_look_ups_of_four():
    found = get_target("ecp5").write_primitive("n1", 0x89ABCDEF_01234567, list("abcdef"))
    inits = dict(re.findall(r"\.INIT\(16'h(\w+)\)\) lut_(\w+)", found))
    assert inits == {"4567": "n1_0_0", "0123": "n1_0_1", "cdef": "n1_1_0", "89ab": "n1_1_1"}
    assert "PFUMX mux_n1_1 (.BLUT(n1_1_0), .ALUT(n1_1_1), .C0(e), .Z(n1_1));" in found
    assert "L6MUX21 mux_n1 (.D0(n1_0), .D1(n1_1), .SD(f), .Z(n1));" in found
    found = get_target("gowin").write_primitive("n1", 0x12345678, list("abcde"))
    assert "LUT4 #(.INIT(16'h1234)) lut_n1_1 (.I0(a), .I1(b), .I2(c), .I3(d), .F(n1_1));" in found
    assert "MUX2_LUT5 mux_n1 (.I0(n1_0), .I1(n1_1), .S0(e), .O(n1));" in found
    assert "assign n1 = e ? n1_1 : n1_0;" in get_target("ice40").write_primitive("n1", 1, list("abcde"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("xilinx", {"LUT4": 8, "LUT5": 8, "LUT6": 8}),
        ("ecp5", {"LUT4": 56, "PFUMX": 24, "L6MUX21": 8}),
        ("ice40", {"SB_LUT4": 56}),
        ("gowin", {"LUT4": 56, "MUX2_LUT5": 24, "MUX2_LUT6": 8}),
    ],
)
def test_yosys_takes_the_primitives_and_keeps_them(name, kept, tmp_path):
    # Tables of random bits depend on all their inputs, so nothing is there to be taken away.
    layers = [(8, 4), (8, 5), (8, 6)]
    circuit = random_circuit(np.random.default_rng(1), features=8, feature_bits=1, layers=layers, classes=2, name="net")
    network = replace(circuit.network, outputs=np.arange(8, 32, dtype=np.int32))  # so that every node is read
    circuit = replace(circuit, network=network, groups=Groups(np.array([0, 12, 24]), np.zeros(2, np.int64)))
    (tmp_path / "net.v").write_text(convert(circuit, interface="raw", target=name, with_scores=False))
    options = "-flatten" if name == "xilinx" else ""  # the others flatten unasked
    output = run_yosys(["read_verilog net.v", f"synth_{name} -top net {options}", "check -mapped", "stat"], tmp_path)
    statistics = output[output.rindex("=== net ===") :]
    for cell, count in kept.items():
        found = re.search(rf"(?m)^ +(\d+) .*\b{cell}$|^ +{cell} +(\d+)$", statistics)
        assert found is not None and int(found[1] or found[2]) >= count, statistics
    assert "$lut" not in statistics


def test_unknown():
    message = r"the target 'ecp6' does not exist; choose one of generic, xilinx, ecp5, ice40, gowin\."
    with pytest.raises(BackendError, match=message):
        get_target("ecp6")
