"""Synthesis of small emitted circuits with the real tools."""

import json

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.backends.verilog import emit
from warp2hdl.errors import ConfigError, ToolError, ToolTimeoutError
from warp2hdl.synth.synthesis import synthesize


@pytest.fixture(scope="module")
def circuit():
    rng = np.random.default_rng(3)
    return random_circuit(rng, features=6, feature_bits=4, layers=[(30, 4), (24, 4)], classes=3, name="net")


@pytest.fixture(scope="module")
def emitted(circuit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("emitted") / "v"
    emit(circuit, folder)
    return folder


def test_area_is_split_and_the_registers_are_those_that_were_foretold(emitted):
    found = synthesize(emitted, "ice40")
    assert set(found.by_block) == {"encoder", "fabric", "popcount", "argmax", "wrapper"}
    assert sum(found.by_block.values()) == found.counts.luts > 40
    assert all(found.by_block[block] for block in ("fabric", "popcount", "argmax"))
    assert found.counts.registers == found.registers_predicted
    assert found.latency_ns is None and found.placed is None
    assert json.loads(json.dumps(found.to_dict()))["luts"] == found.counts.luts


@pytest.mark.long
@pytest.mark.parametrize("target", ["xilinx", "ecp5", "gowin"])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_registers_are_those_that_were_foretold(circuit, tmp_path, target, levels):
    manifest = emit(circuit, tmp_path, levels_per_stage=levels)
    found = synthesize(tmp_path, target)
    assert found.counts.registers == manifest.registers == found.registers_predicted
    assert sum(found.by_block.values()) == found.counts.luts
    assert ("across" in found.by_block) == (levels != 1)


@pytest.mark.long
@pytest.mark.parametrize("target", ["ecp5", "ice40", "gowin"])
def test_place_and_route_finds_a_clock_and_says_where_the_slowest_path_is(emitted, target):
    found = synthesize(emitted, target, pnr=True, seed=2)
    assert found.placed is not None and found.placed.seed == 2
    assert 50 < found.placed.fmax_mhz < 1000
    assert found.latency_ns == pytest.approx(1000 * found.latency_cycles / found.placed.fmax_mhz)
    assert 1000 / found.placed.fmax_mhz == pytest.approx(found.placed.critical[0].delay_ns, rel=0.02)
    assert (found.placed.harness_ffs > 0) == (target != "ecp5")
    assert f"yowasp-nextpnr-{'himbaechel-' * (target == 'gowin')}{target}" in found.versions


def test_foreign_primitives_are_refused(circuit, tmp_path):
    emit(circuit, tmp_path, target="xilinx")
    with pytest.raises(ConfigError) as error:
        synthesize(tmp_path, "ecp5")
    assert str(error.value) == (
        f"{tmp_path} was emitted with the primitives of xilinx, which ecp5 does not have; "
        "emit it again with --target generic or --target ecp5."
    )


def test_targets_that_do_not_exist_or_cannot_be_placed_are_refused(emitted):
    with pytest.raises(ConfigError, match="'stratix' cannot be synthesised; choose one of xilinx, ecp5, ice40, gowin"):
        synthesize(emitted, "stratix")
    with pytest.raises(
        ConfigError, match="no open tool places and routes for xilinx; choose one of ecp5, ice40, gowin"
    ):
        synthesize(emitted, "xilinx", pnr=True)


def test_tool_that_takes_too_long_is_stopped(emitted):
    with pytest.raises(ToolTimeoutError, match=r"yosys was stopped after 0\.2 seconds; allow more time"):
        synthesize(emitted, "ice40", timeout_seconds=0.2)


def test_verilog_that_yosys_cannot_read_is_an_error_with_its_words(emitted, tmp_path):
    from warp2hdl.backends.manifest import Manifest, hash_file

    (tmp_path / "net.v").write_text("module net (input wire x;\n")
    raw = json.loads(Manifest.read(emitted).to_json())
    raw["files"] = {"net.v": hash_file(tmp_path / "net.v")}
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(ToolError, match=r"yosys failed with exit code \d+: source_0\.v:1: ERROR: syntax error"):
        synthesize(tmp_path, "ice40")
