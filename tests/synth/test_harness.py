"""The chains around a design, followed from one end to the other."""

from tests.synth.netlists import cell, module_json
from warp2hdl.synth.harness import CELLS, add_harness

DESIGN = module_json(
    cells={"lut": cell("SB_LUT4", {"I0": 3, "I1": 4, "I2": "0", "I3": "0"}, {"O": 5})},
    inputs={"clk": [2], "in": [3, 4]},
    outputs={"y": [5, "0"]},
)


def test_every_input_is_fed_and_every_output_taken_in_one_chain():
    module, added = add_harness(DESIGN, "clk", CELLS["ice40"])
    cells = module["cells"]
    flip_flops = [c["connections"] for name, c in cells.items() if c["type"] == "SB_DFF"]
    assert added == len(flip_flops) == 3
    assert set(module["ports"]) == {"clk", "serial_in", "serial_out"}
    (serial_in,), (serial_out,) = module["ports"]["serial_in"]["bits"], module["ports"]["serial_out"]["bits"]
    assert [c["D"] for c in flip_flops[:2]] == [[serial_in], [3]]
    assert [c["Q"] for c in flip_flops] == [[3], [4], [serial_out]]
    assert all(c["C"] == [2] for c in flip_flops)
    mixed = cells["harness_xor_2"]
    assert [mixed["connections"][pin] for pin in ("I0", "I1")] == [[5], [4]]
    assert mixed["connections"]["O"] == flip_flops[2]["D"]
    assert set(DESIGN["cells"]) == {"lut"}  # the design itself is left as it is


def test_gowin_pins_have_buffers_and_a_combinational_design_gets_a_clock():
    design = {**DESIGN, "ports": {name: port for name, port in DESIGN["ports"].items() if name != "clk"}}
    module, _ = add_harness(design, None, CELLS["gowin"])
    pads = {name: c["connections"] for name, c in module["cells"].items() if c["type"] in ("IBUF", "OBUF")}
    assert set(pads) == {"harness_pad_clk", "harness_pad_serial_in", "harness_pad_serial_out"}
    assert all(pads[f"harness_pad_{name}"]["I"] == module["ports"][name]["bits"] for name in ("clk", "serial_in"))
    assert pads["harness_pad_serial_out"]["O"] == module["ports"]["serial_out"]["bits"]
    assert module["cells"]["harness_0"]["connections"]["CLK"] == pads["harness_pad_clk"]["O"]
