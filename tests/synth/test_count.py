"""Counting netlists whose figures are known."""

import pytest

from tests.synth.netlists import cell, module
from warp2hdl.errors import ToolError
from warp2hdl.synth.count import count
from warp2hdl.synth.families import FAMILIES


def test_xilinx_counts_lookups_by_their_used_inputs_and_the_rest_beside_them():
    found = count(
        module(
            cells={
                "a": cell("LUT6", {f"I{j}": j + 2 for j in range(6)}, {"O": 10}),
                "b": cell("LUT2", {"I0": 10, "I1": "0"}, {"O": 11}),
                "c": cell("CARRY4", {"S": [11, 2, 3, 4], "CI": "0"}, {"CO": [12, 13, 14, 15]}),
                "d": cell("LUT1", {"I0": 15}, {"O": 16}),
                "e": cell("FDRE", {"D": 16, "C": 9}, {"Q": 17}),
                "f": cell("SRL16E", {"D": 17, "A0": "1", "A1": "0", "A2": "1", "A3": "0"}, {"Q": 18}),
                "g": cell("SRLC32E", {"D": 17, "A": ["1", "1", "1", "1", "1"]}, {"Q": 19}),
                "h": cell("INV", {"I": 18}, {"O": 20}),
                "i": cell("MUXF7", {"I0": 20, "I1": 19, "S": 2}, {"O": 21}),
            },
            outputs={"y": [21]},
        ),
        FAMILIES["xilinx"],
    )
    assert (found.luts, found.luts_by_size) == (3, {"1": 2, "6": 1})
    assert (found.ffs, found.shift_registers, found.registers) == (1, 2, 1 + 6 + 32)
    assert (found.carry, found.muxes, found.inverters) == (1, 1, 1)
    assert (found.levels, found.carry_levels) == (3, 1)


def test_ecp5_counts_two_lookups_for_each_carry_cell():
    found = count(
        module(
            cells={
                "a": cell("LUT4", {"A": 2, "B": 3, "C": "1", "D": "1"}, {"Z": 4}),
                "b": cell("CCU2C", {"A0": 4, "CIN": "0"}, {"COUT": 5, "S0": 6}),
                "c": cell("CCU2C", {"A0": 4, "CIN": 5}, {"COUT": 7, "S0": 8}),
            }
        ),
        FAMILIES["ecp5"],
    )
    assert (found.luts, found.luts_by_size, found.carry, found.carry_levels) == (5, {"2": 1, "carry": 4}, 2, 2)


def test_registers_end_a_path():
    chain = {f"lut{n}": cell("SB_LUT4", {"I0": n}, {"O": n + 1}) for n in (2, 3, 5, 6, 7)}
    found = count(module(cells=chain | {"q": cell("SB_DFF", {"D": 4}, {"Q": 5})}), FAMILIES["ice40"])
    assert (found.levels, found.luts, found.ffs) == (3, 5, 1)


def test_loop_is_an_error():
    ring = {"a": cell("SB_LUT4", {"I0": 2}, {"O": 3}), "b": cell("SB_LUT4", {"I0": 3}, {"O": 2})}
    with pytest.raises(ToolError, match="the netlist of top has a loop without a register"):
        count(module(cells=ring), FAMILIES["ice40"])
