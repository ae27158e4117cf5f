"""The timing benchmark on a small circuit and on Verilog from elsewhere."""

import json
import sys

import numpy as np
import pytest

from benchmarks import timing
from tests.circuits import random_circuit
from warp2hdl.backends.verilog import emit
from warp2hdl.synth.place_route import Placed, TimingPath

OTHERS = "module model (input c, input a, input b, output reg y);\nalways @(posedge c) y <= a & b;\nendmodule\n"


@pytest.fixture
def placed(monkeypatch):
    """Place and route stands in for a real one: it finds 100 MHz times the seed."""

    def place(netlist, top, clock, target, *, seed, timeout_seconds):
        path = TimingPath(10.0 / seed, "a.Q", "b.D", "posedge clk -> posedge clk")
        return Placed("LFE5UM5G-85F", seed, 100.0 * seed if clock else None, (path,), {}, 0)

    monkeypatch.setattr(timing, "place_and_route", place)


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["timing", *map(str, words)])
    timing.main()


def test_middle_of_the_seeds_is_reported_with_its_product_with_the_area(placed, monkeypatch, tmp_path):
    circuit = random_circuit(np.random.default_rng(1), features=4, feature_bits=3, layers=[(12, 4)], classes=2)
    emit(circuit, tmp_path / "v")
    run(monkeypatch, tmp_path / "v", "--seeds", "3,1,2", "--out", tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert [one["fmax_mhz"] for one in found["runs"]] == [300.0, 100.0, 200.0]
    assert found["fmax_mhz"] == 200.0
    assert found["latency_ns"] == found["latency_cycles"] * 5.0
    assert found["area_delay"] == found["luts"] * found["latency_ns"] > 0
    assert found["contains"] == ["encoder", "fabric", "popcount", "argmax"] and "commit" in found


def test_verilog_of_other_tools_goes_through_the_same_flow(placed, monkeypatch, tmp_path):
    (tmp_path / "model.v").write_text(OTHERS)
    words = (tmp_path / "model.v", "--top", "model", "--clock", "c", "--latency", 1, "--seeds", "1")
    run(monkeypatch, *words, "--out", tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["luts"], found["ffs"], found["latency_ns"]) == (1, 1, 10.0)
