"""Verilog that emitted designs stand on: models of the primitives that they use."""
