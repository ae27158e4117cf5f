import pytest

from warp2hdl.rtl_templates.primitives import xilinx_lut


def test_input_0_is_the_lowest_address_bit():
    assert xilinx_lut(2) == (
        "module LUT2 #(parameter [3:0] INIT = 4'h0) (\n"
        "  input wire I0, input wire I1, output wire O\n"
        ");\n"
        "  assign O = INIT[{I1, I0}];\n"
        "endmodule\n"
    )


@pytest.mark.parametrize("arity", range(1, 7))
def test_table_is_as_wide_as_there_are_addresses(arity):
    text = xilinx_lut(arity)
    assert f"module LUT{arity} #(parameter [{2**arity - 1}:0] INIT = {2**arity}'h0)" in text
    assert text.count("input wire") == arity
