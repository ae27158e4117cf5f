"""Verilog for tests of proofs."""

from warp2hdl.formal.pipeline import dissolve
from warp2hdl.formal.readback import read_verilog


def module(body, ports="input clk, input rst, input in_valid, input [7:0] in_features, output [3:0] out_class"):
    """A module `top` of a body."""
    return f"module top({ports});\n{body}\nendmodule\n"


def read(folder, text):
    """The netlist of some Verilog with the module `top`."""
    path = folder / "top.v"
    path.write_text(text)
    return read_verilog([path], "top", timeout_seconds=60)


def logic(folder, text):
    """The same without registers, clocked by `clk` and reset by `rst`."""
    return dissolve(read(folder, text), clock="clk", unstaged="rst")
