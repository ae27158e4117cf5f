"""Co-simulation: cocotb driver, monitor and checker on Verilator, against the reference interpreter."""
