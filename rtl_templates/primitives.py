"""What a device's primitives do, as Verilog for simulators that have no models of the vendor's."""

from __future__ import annotations


def xilinx_lut(arity: int) -> str:
    """The module LUT1 to LUT6: `O` is bit `{I5, ..., I0}` of `INIT`."""
    ports = ", ".join(f"input wire I{j}" for j in range(arity))
    address = ", ".join(f"I{j}" for j in reversed(range(arity)))
    width = 1 << arity
    return (
        f"module LUT{arity} #(parameter [{width - 1}:0] INIT = {width}'h0) (\n  {ports}, output wire O\n);\n"
        f"  assign O = INIT[{{{address}}}];\n"
        "endmodule\n"
    )
