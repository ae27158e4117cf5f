"""`warp2hdl synth`: what it says, writes and refuses. Synthesis itself stands in for a real one here."""

import json

import pytest

from tests.cli.running import fails, run, run_json
from warp2hdl.synth import synthesis
from warp2hdl.synth.count import Counts
from warp2hdl.synth.place_route import Placed, TimingPath

COUNTS = Counts(90, {"3": 20, "4": 70}, 40, 40, 5, 6, 0, 0, 2, 3)
PATH = TimingPath(4.0, "argmax.a.Q", "argmax.b.D", "posedge clk -> posedge clk")


@pytest.fixture
def found(monkeypatch):
    """What the commands will say that they found; their arguments are kept in it."""
    asked = []

    def synthesize(folder, target, *, pnr, seed, timeout_seconds, poll):
        poll("mapping")
        asked.append((folder, target, pnr, seed, timeout_seconds))
        placed = Placed("LFE5UM5G-85F", seed, 250.0, (PATH,), {"TRELLIS_FF": 40}, 0) if pnr else None
        return synthesis.Synthesis(
            target=target,
            top="digits",
            contains=("encoder", "argmax"),
            counted="LUT4 cells.",
            counts=COUNTS,
            by_block={"encoder": 30, "fabric": 60, "popcount": 0, "argmax": 0, "wrapper": 0},
            by_block_from="as it is",
            registers_predicted=42,
            latency_cycles=10,
            initiation_interval=1,
            placed=placed,
            critical_blocks=("argmax", "argmax") if pnr else None,
            seconds=1.0,
            cpu_seconds=1.0,
            versions={"pyosys": "1"},
        )

    monkeypatch.setattr(synthesis, "synthesize", synthesize)
    return asked


def test_result_is_one_object_and_a_file(found, tmp_path):
    out = tmp_path / "result.json"
    result = run_json("synth", tmp_path, "--target", "ecp5", "--pnr", "--seed", 7, "--timeout", 9, "--out", out)
    assert found == [(tmp_path, "ecp5", True, 7, 9.0)]
    assert (result["luts"], result["ffs"], result["carry"], result["levels"]) == (90, 40, 5, 2)
    assert result["luts_by_size"] == {"3": 20, "4": 70} and result["by_block"]["encoder"] == 30
    assert (result["fmax_mhz"], result["latency_ns"], result["initiation_interval"]) == (250.0, 40.0, 1)
    assert result["pnr"]["seed"] == 7 and result["critical_blocks"] == ["argmax", "argmax"]
    assert json.loads(out.read_text()) == result


def test_people_see_a_table_and_what_was_counted(found, tmp_path):
    stdout, stderr = run("synth", tmp_path, "--target", "ecp5", "--pnr")
    assert stdout == ""
    for line in (
        "counted    LUT4 cells.",
        "registers  40 bits of state in the netlist, 42 in the emitted Verilog",
        "levels     2 levels of look-ups between registers, up to 3 carry cells",
        "clock      250.0 MHz, a sample in every cycle",
        "latency    40.0 ns (10 cycles)",
        "slowest    4.00 ns from argmax.a.Q to argmax.b.D",
    ):
        assert line in stderr.splitlines()
    assert "popcount" not in stderr  # a block without a look-up has no row


def test_without_place_and_route_there_is_no_clock(found, tmp_path):
    result = run_json("synth", tmp_path, "--target", "xilinx")
    assert (result["fmax_mhz"], result["latency_ns"], result["pnr"]) == (None, None, None)


def test_projects_are_written_without_synthesis(found, emitted, tmp_path):
    result = run_json("synth", emitted, "--write-project", tmp_path / "project")
    assert set(result["project"]) == {
        *("digits.v", "digits.core", "digits.sdc", "digits.xdc", "quartus.tcl", "vivado.tcl")
    }
    assert not found


def test_target_is_asked_for(tmp_path):
    assert fails("synth", tmp_path) == (
        "Missing option '--target'; choose one of xilinx, ecp5, ice40, gowin, or --write-project."
    )


def test_folder_that_was_not_emitted_is_refused(tmp_path):
    assert fails("synth", tmp_path, "--target", "ecp5") == (
        f"{tmp_path / 'manifest.json'} does not exist; give a folder that `warp2hdl emit-verilog` wrote."
    )
