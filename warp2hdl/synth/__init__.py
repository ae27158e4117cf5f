"""Synthesis with open tools: Yosys for area, nextpnr for timing, and projects for the vendors' tools."""
