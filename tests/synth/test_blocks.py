"""Which block look-ups belong to."""

import pytest

from tests.synth.netlists import cell, module
from warp2hdl.synth.blocks import Origins, area_by_block, area_by_module, block_of_module, blocks_of_cells
from warp2hdl.synth.families import FAMILIES

VERILOG = """\
module net (
);
endmodule

module net_encoder (
);
endmodule

module net_popcount_7 (
);
endmodule
"""
ICE40 = FAMILIES["ice40"]


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("net_encoder", "encoder"),
        ("net_layer_12", "fabric"),
        ("net_popcount_30_plus_2", "popcount"),
        ("my_layer_net_argmax", "argmax"),
        ("my_layer_net", None),
        ("popcounter_core", None),
    ],
)
def test_modules_are_known_by_their_names(name, block):
    assert block_of_module(name) == block


def test_lookup_counts_for_the_register_that_it_leads_to():
    flat = module(
        cells={
            "deep": cell("SB_LUT4", {"I0": 2}, {"O": 3}),
            "near": cell("SB_LUT4", {"I0": 3}, {"O": 4}),
            "bit": cell("SB_DFF", {"D": 4}, {"Q": 5}, "source_0.v:6.1-6.9|/share/cells.v:1.1-2.2"),
            "sum": cell("SB_LUT4", {"I0": 5}, {"O": 6}),
            "count": cell("SB_DFF", {"D": 6}, {"Q": 7}, "source_0.v:10.1-10.9"),
            "wait": cell("SB_DFF", {"D": 7}, {"Q": 8}, "source_0.v:2.1-2.9"),
            "out": cell("SB_LUT4", {"I0": 8}, {"O": 9}),
        },
        outputs={"y": [9]},
    )
    blocks = blocks_of_cells(flat, ICE40, Origins.read({"source_0.v": VERILOG}))
    assert blocks["deep"] == blocks["near"] == blocks["bit"] == "encoder"
    assert blocks["sum"] == blocks["count"] == "popcount"
    assert blocks["wait"] == blocks["out"] == "wrapper"
    assert area_by_block(flat, ICE40, blocks) == {"encoder": 2, "fabric": 0, "popcount": 1, "argmax": 0, "wrapper": 1}


def test_shift_register_without_a_source_is_known_by_its_name():
    flat = module(
        cells={"srl": cell("SRL16E", {"D": 2, "A0": "1", "A1": "1", "A2": "0", "A3": "0"}, {"Q": 3})},
        names={"popcount_0.late_q": [3]},
        scopes={"popcount_0": "net_popcount_7"},
    )
    assert blocks_of_cells(flat, FAMILIES["xilinx"], Origins.read({})) == {"srl": "popcount"}


def test_blocks_that_are_modules_count_once_an_instance():
    lut = {"lut": cell("SB_LUT4", {"I0": 2}, {"O": 3})}
    modules = {
        "net": module("net", cells={"a": cell("net_popcount_7", {}, {}), "b": cell("net_popcount_7", {}, {})} | lut),
        "net_popcount_7": module("net_popcount_7", cells={"half": cell("net_count_6", {}, {})} | lut),
        "net_count_6": module("net_count_6", cells=lut),
    }
    assert area_by_module(modules, "net", ICE40)["popcount"] == 4
    assert area_by_module(modules, "net", ICE40)["wrapper"] == 1
