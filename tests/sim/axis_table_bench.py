"""A cocotb bench: drives the inputs of the table in docs/axi-stream.md edge by edge and expects its outputs."""

import re
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

GUIDE = Path(__file__).parents[2] / "docs" / "axi-stream.md"
DATA = {"a0": 3, "a1": 200, "b0": 77, "b1": 5, "": 0}


def read_table():
    """Signal -> its values by edge."""
    rows = re.findall(r"^\| `([sm]_axis_\w+)` \|(.*)\|$", GUIDE.read_text().split("## Timing")[1], re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


@cocotb.test()
async def does_what_the_guide_shows(dut):
    table = read_table()
    assert len(table) == 8 and {len(cells) for cells in table.values()} == {9}
    dut.aresetn.value = 0
    dut.s_axis_tvalid.value = 0
    dut.m_axis_tready.value = 1
    Clock(dut.aclk, 10, "ns").start()
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 3)
    results = {}
    await FallingEdge(dut.aclk)
    for edge in range(9):
        dut.s_axis_tvalid.value = int(table["s_axis_tvalid"][edge])
        dut.s_axis_tdata.value = DATA[table["s_axis_tdata"][edge]]
        dut.s_axis_tlast.value = int(table["s_axis_tlast"][edge] or 0)
        dut.m_axis_tready.value = int(table["m_axis_tready"][edge])
        await cocotb.triggers.Timer(1, "ns")
        for name in ("s_axis_tready", "m_axis_tvalid", "m_axis_tlast"):
            if table[name][edge]:
                assert int(getattr(dut, name).value) == int(table[name][edge]), (name, edge)
        if int(dut.m_axis_tvalid.value):
            results.setdefault(table["m_axis_tdata"][edge], set()).add(int(dut.m_axis_tdata.value))
        await FallingEdge(dut.aclk)
    assert results.keys() == {"A", "B"} and all(len(values) == 1 for values in results.values())
