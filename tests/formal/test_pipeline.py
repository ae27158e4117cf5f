"""Registers are counted on every path, and what no pipeline may have is found."""

import pytest

from tests.formal.designs import logic, module, read
from warp2hdl.errors import FormatError, ToolError

TWO_STAGES = """
  reg [3:0] a, b;
  always @(posedge clk) begin a <= in_features[3:0]; b <= a ^ {4{k}}; end
  wire k = 1'b1;
  assign out_class = b;
"""


def test_balanced_pipeline(tmp_path):
    found = logic(tmp_path, module(TWO_STAGES))
    assert found.stages["out_class"] == [2, 2, 2, 2] and found.registers == 8 and not found.problems
    assert found.sources["out_class"] == {"in_features"}
    assert found.outputs["out_class"] == [literal ^ 1 for literal in found.inputs["in_features"][:4]]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "reg [3:0] a; always @(posedge clk) a <= in_features[3:0]; assign out_class = a & in_features[7:4];",
            "paths of 1 and 0 registers meet in front of out_class[0]",
        ),
        (
            "reg [3:0] a, b; always @(posedge clk) begin a <= 3; b <= a; end assign out_class = b ^ in_features[3:0];",
            "paths of 0 and 2 registers meet in front of out_class[0]",
        ),
        (
            "reg [3:0] a; always @(posedge in_valid) a <= in_features[3:0]; assign out_class = a;",
            "the register out_class[0] has another clock",
        ),
    ],
)
def test_unbalanced_paths_are_found(tmp_path, body, problem):
    assert problem in logic(tmp_path, module(body)).problems


def test_constant_that_is_there_in_time_is_no_problem(tmp_path):
    body = """
      reg [3:0] k, a;
      always @(posedge clk) begin k <= 4'd3; a <= in_features[3:0]; end
      assign out_class = k & a;
    """
    found = logic(tmp_path, module(body))
    assert not found.problems and found.stages["out_class"] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("assign out_class[3:1] = 0;", r"out_class\[0\] has no driver"),
        ("assign out_class = {4{1'bx}};", "is undefined"),
        ("wire [3:0] a = out_class; assign out_class = a ^ in_features[3:0];", "depends on itself"),
        ("reg [3:0] a; always @(posedge clk) a <= a + 1; assign out_class = a;", "depends on itself"),
        ("reg [3:0] a; always @* if (in_valid) a = in_features[3:0]; assign out_class = a;", r"\$dlatch"),
        ("reg [3:0] a; always @(negedge clk) a <= in_features[3:0]; assign out_class = a;", r"\$dff"),
        ("mystery m(.a(in_features), .y(out_class));", "mystery"),
    ],
)
def test_what_no_pipeline_has_is_refused(tmp_path, body, message):
    with pytest.raises(FormatError, match=message):
        logic(tmp_path, module(body))


def test_two_drivers_are_refused(tmp_path):
    with pytest.raises(FormatError, match="several drivers"):
        logic(tmp_path, module("assign out_class = in_features[3:0]; assign out_class = in_features[7:4];"))


def test_foreign_text_is_a_tool_error(tmp_path):
    with pytest.raises(ToolError, match="Yosys failed"):
        read(tmp_path, "library ieee;\n")
