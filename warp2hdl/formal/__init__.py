"""Formal equivalence: emitted Verilog, read back from its file, against a circuit; and one circuit against another."""
