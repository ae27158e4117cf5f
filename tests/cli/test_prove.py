"""`warp2hdl prove`, and the proofs that `emit-verilog` and `optimize` run."""

import json
import shutil

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import fails, program, run, run_json
from warp2hdl import ir, passes
from warp2hdl.backends.manifest import hash_file


@pytest.fixture
def circuit_file(tmp_path):
    circuit = random_circuit(np.random.default_rng(1), features=3, feature_bits=4, layers=[(12, 3)], classes=3)
    ir.save(circuit, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


@pytest.fixture
def folder(circuit_file, tmp_path):
    run("emit-verilog", circuit_file, "--out", tmp_path / "v", "--no-prove")
    return tmp_path / "v"


@pytest.fixture
def wrong(folder, tmp_path):
    """The same with two classes exchanged."""
    path = shutil.copytree(folder, tmp_path / "wrong")
    verilog = path / "random.v"
    text = verilog.read_text()
    assert text.count(".index(out_class)") == 1
    text = text.replace(".index(out_class)", ".index({out_class[0], out_class[1]})")
    verilog.write_text(text)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["random.v"] = hash_file(verilog)
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


def test_emitted_run_is_its_network(run_folder, tmp_path):
    found = run_json("emit-verilog", run_folder, "--out", tmp_path / "v")
    proof = found["proof"]
    assert found["equivalent"] is True is proof["equivalent"] and proof["balanced"]
    assert proof["reference"] == "reference.safetensors" and proof["compared"] == "class and scores"
    assert proof["latency_cycles"] == found["latency_cycles"]
    lowered = (run_folder / "lowered.safetensors").read_bytes()
    assert (tmp_path / "v" / "reference.safetensors").read_bytes() == lowered


def test_people_are_told_what_was_proven(folder):
    stdout, stderr = run("prove", folder)
    assert stdout == ""
    assert "proven     random is circuit.safetensors in class and scores, for all inputs; " in stderr


def test_mistake_is_exit_code_1_with_the_input_that_shows_it(wrong, circuit_file):
    found = program("prove", wrong, "--json")
    assert found.returncode == 1
    result = json.loads(found.stdout)
    shown = result["counterexample"]
    words = np.array([shown["words"]], np.uint8)
    assert result["equivalent"] is False and result["error"]["type"] == "MismatchError"
    assert shown["expected_class"] == ir.classify(ir.load(circuit_file), words)[0] != shown["actual_class"]
    assert shown["expected_scores"] == shown["actual_scores"]


def test_undecided_is_exit_code_3_and_null(folder):
    result = run_json("prove", folder, "--timeout", 0.01, code=3)
    assert result["equivalent"] is None
    assert fails("prove", folder, "--timeout", 0.01, code=3) == (
        f"It was not decided within 0.01 s whether {folder} is its circuit; allow more with --timeout."
    )


def test_folder_that_was_not_emitted_is_refused(tmp_path):
    assert fails("prove", tmp_path) == (
        f"{tmp_path / 'manifest.json'} does not exist; give a folder that `warp2hdl emit-verilog` wrote."
    )


def test_emission_without_a_proof_says_nothing_of_one(circuit_file, tmp_path):
    found = run_json("emit-verilog", circuit_file, "--out", tmp_path / "v", "--no-prove")
    assert found["equivalent"] is None is found["proof"]


@pytest.mark.parametrize("pipeline", ["none", "default", "area", "speed"])
def test_passes_are_proven(circuit_file, tmp_path, pipeline):
    found = run_json("optimize", circuit_file, "--out", tmp_path / "after.safetensors", "--pipeline", pipeline)
    assert found["equivalent"] is True


def test_pass_that_is_wrong_is_found_and_nothing_written(circuit_file, tmp_path, monkeypatch):
    def spoil(circuit, pipeline):
        tables = circuit.network.tables ^ np.uint64(1)
        old = circuit.network
        network = ir.LutNetwork(old.inputs, old.fanin_offsets, old.fanins, tables, old.outputs)
        return ir.Circuit(circuit.encoder, network, circuit.groups, circuit.metadata), []

    monkeypatch.setattr(passes, "run", spoil)
    out = tmp_path / "after.safetensors"
    assert "differs from the one before for the feature words" in fails("optimize", circuit_file, "--out", out, code=1)
    assert not out.exists()
