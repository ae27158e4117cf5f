import pytest

from warp2hdl.backends.targets import get_target
from warp2hdl.errors import BackendError


def test_generic_is_an_expression():
    assert get_target("generic").write_value(0b0110, ["x[1]", "x[0]"]) == "x[1] ^ x[0]"


def test_xilinx_is_a_primitive_but_for_wires():
    target = get_target("xilinx")
    assert target.write_value(0b10, ["x[3]"]) == "x[3]"
    assert target.write_value(0b01, ["x[3]"]) is None
    line = target.write_primitive("n7", 0xBE, ["x[3]", "x[9]", "x"])
    assert line == "LUT3 #(.INIT(8'hbe)) lut_n7 (.I0(x[3]), .I1(x[9]), .I2(x), .O(n7));"
    assert "INIT(2'h1)" in target.write_primitive("n0", 1, ["x"])
    assert "INIT(64'h0000000000000001)" in target.write_primitive("n0", 1, list("abcdef"))


def test_unknown():
    with pytest.raises(BackendError, match=r"the target 'ecp6' does not exist; choose one of generic, xilinx\."):
        get_target("ecp6")
