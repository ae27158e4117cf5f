"""`warp2hdl emit-verilog`: the folder it writes, its options, and circuits that are none."""

import json
import resource
import shutil

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import contents, fails, program, python, run, run_json
from warp2hdl import ir
from warp2hdl.backends.manifest import Manifest
from warp2hdl.backends.targets import TARGETS
from warp2hdl.backends.verilog import INTERFACES
from warp2hdl.cli import emit_verilog


@pytest.fixture
def circuit_file(tmp_path):
    """A small circuit without training data."""
    circuit = random_circuit(np.random.default_rng(1), features=3, feature_bits=4, layers=[(12, 3)], classes=3)
    ir.save(circuit, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_options_are_those_of_the_back_end():
    assert tuple(TARGETS) == emit_verilog.TARGETS
    assert emit_verilog.INTERFACES == INTERFACES


def test_run_is_emitted_with_its_vectors(run_folder, tmp_path):
    out = tmp_path / "v"
    found = run_json("emit-verilog", run_folder, "--out", out)
    manifest = Manifest.read(out)
    assert found["verilog"] == str(out / "digits.v") and found["top"] == "digits"
    assert found["luts"] == manifest.nodes
    assert (found["latency_cycles"], found["initiation_interval"]) == (manifest.latency_cycles, 1)
    assert found["vectors"] == 360 and found["seconds"] > 0
    assert manifest.accuracy["test"] == ir.load(run_folder / "circuit.safetensors").metadata.info["accuracy"]["test"]
    with np.load(out / "vectors.npz") as emitted, np.load(run_folder / "vectors.npz") as own:
        assert np.array_equal(emitted["words"], own["words"]) and np.array_equal(emitted["labels"], own["labels"])


def test_options_reach_the_back_end(circuit_file, tmp_path):
    out = tmp_path / "v"
    options = ["--interface", "raw", "--target", "xilinx", "--no-scores", "--levels-per-stage", 2]
    found = run_json("emit-verilog", circuit_file, "--out", out, *options)
    manifest = Manifest.read(out)
    assert (manifest.interface, manifest.target, manifest.scores) == ("raw", "xilinx", False)
    assert manifest.levels_per_stage == 2
    assert found["latency_cycles"] == 0 and found["vectors"] == 0
    assert "LUT3 #(" in (out / "random.v").read_text()


def test_a_design_between_streams(circuit_file, tmp_path):
    out = tmp_path / "v"
    stdout, stderr = run("emit-verilog", circuit_file, "--out", out, "--interface", "axis", "--bus-bits", 8)
    manifest = Manifest.read(out)
    assert stdout == "" and "a sample in 2 cycles" in stderr
    assert (manifest.axis.bus_bits, manifest.axis.beats, manifest.top) == (8, 2, "random_axis")
    run("emit-verilog", circuit_file, "--out", out, "--interface", "axis")
    assert Manifest.read(out).axis.bus_bits == 64


def test_a_bus_is_for_streams_and_of_whole_bytes(circuit_file, tmp_path):
    given = ["emit-verilog", circuit_file, "--out", tmp_path / "v", "--bus-bits"]
    assert fails(*given, 64) == "--bus-bits is for --interface axis; leave it out."
    assert fails(*given, 12, "--interface", "axis") == "--bus-bits is 12; it must be a multiple of 8."
    assert not (tmp_path / "v").exists()


def test_people_are_told_what_comes_next(circuit_file, tmp_path):
    stdout, stderr = run("emit-verilog", circuit_file, "--out", tmp_path / "v")
    assert stdout == ""
    assert f"written    {tmp_path / 'v'}/\n           circuit.safetensors, manifest.json, random.v\n" in stderr
    assert stderr.endswith(f"next       warp2hdl cosim {tmp_path / 'v'} --vectors random\n")


def test_vectors_of_another_file_go_along(circuit_file, tmp_path):
    np.savez(tmp_path / "mine.npz", words=np.ones((5, 3), np.uint8), labels=np.zeros(5, np.int64))
    words = ["emit-verilog", circuit_file, "--out", tmp_path / "v", "--vectors", tmp_path / "mine.npz"]
    assert run_json(*words)["vectors"] == 5
    np.savez(tmp_path / "mine.npz", words=np.full((5, 3), 16, np.uint8), labels=np.zeros(5, np.int64))
    assert fails(*words) == (
        f"{tmp_path / 'mine.npz'}: row 0, feature 0: 16 does not fit in 4 bits; "
        "name the vectors of the circuit's own run."
    )


def test_torch_stays_away_from_what_follows_the_training(run_folder, tmp_path):
    code = f"""
import sys
from warp2hdl.cli import cli
for words in (
    ["emit-verilog", {str(run_folder)!r}, "--out", "v"],
    ["evaluate", {str(run_folder)!r}],
    ["optimize", {str(run_folder)!r}, "--out", "o.safetensors"],
    ["predict", {str(run_folder)!r}, "x.npy"],
    ["cosim", "v", "--count", "20"],
):
    try:
        cli.main([*words, "--json"])
    except SystemExit as end:
        assert end.code == 0, words
    found = {{"torch", "triton"}} & set(sys.modules)
    assert not found, (words, found)
print("clean")
"""
    np.save(tmp_path / "x.npy", np.zeros((2, 64)))
    found = python("-c", f"import os, sys; sys.path.insert(0, os.getcwd()); os.chdir({str(tmp_path)!r}){code}")
    assert found.stdout.endswith("clean\n"), found.stderr
    assert all(json.loads(line) for line in found.stdout.splitlines()[:-1])


def damaged(path):
    path.write_bytes(path.read_bytes()[:-5])


def foreign(path):
    path.write_bytes(b"PK\x03\x04 no safetensors at all")


def other_safetensors(path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3)}, path)


def model(path):
    shutil.copyfile(path.parent / "model.safetensors", path)


NO_CIRCUIT = {
    "damaged": (
        damaged,
        "{0} is damaged or not a safetensors file (Error while deserializing header: incomplete metadata, "
        "file not fully covered); write it again.",
    ),
    "foreign": (
        foreign,
        "{0} is damaged or not a safetensors file (Error while deserializing header: header too large); "
        "write it again.",
    ),
    "other safetensors": (
        other_safetensors,
        "{0} is not a warp2hdl circuit (it has no warp2hdl.circuit schema); name one that is.",
    ),
    "model": (model, "{0} is a trained model, not a circuit; name the circuit.safetensors of the same run."),
}


@pytest.mark.parametrize("command", ["emit-verilog", "optimize", "predict"])
@pytest.mark.parametrize(("spoil", "message"), NO_CIRCUIT.values(), ids=NO_CIRCUIT)
def test_what_is_no_circuit_is_refused(command, spoil, message, own_run, tmp_path):
    file = own_run / "circuit.safetensors"
    spoil(file)
    before = contents(tmp_path)
    words = [command, own_run, *(["x.npy"] if command == "predict" else []), "--out", tmp_path / "out.npy"]
    assert fails(*words) == message.replace("{0}", str(file))
    assert contents(tmp_path) == before


def test_missing_circuit_is_named(tmp_path):
    message = f"{tmp_path / 'no'} does not exist; name a circuit.safetensors or the folder of a training run."
    assert fails("emit-verilog", tmp_path / "no", "--out", tmp_path / "v") == message


def test_out_that_is_a_file_is_refused(circuit_file, tmp_path):
    before = contents(tmp_path)
    message = f"{circuit_file} is a file; give --out a folder."
    assert fails("emit-verilog", circuit_file, "--out", circuit_file) == message
    assert contents(tmp_path) == before


def test_disk_that_takes_no_more_leaves_the_old_folder(circuit_file, tmp_path):
    out, many = tmp_path / "v", tmp_path / "many.npz"
    run_json("emit-verilog", circuit_file, "--out", out, "--interface", "raw")
    words = np.random.default_rng(0).integers(0, 16, (400_000, 3), np.uint8)
    np.savez(many, words=words, labels=np.zeros(len(words), np.int64))
    before = contents(tmp_path)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    words = ["emit-verilog", circuit_file, "--out", out, "--vectors", many, "--json"]
    found = program(*words, preexec_fn=limit)
    assert found.returncode == 2, found.stderr
    assert json.loads(found.stdout)["error"] == {
        "type": "OutputError",
        "message": f"cannot write {out}: File too large; free some space or choose another place with --out.",
    }
    assert contents(tmp_path) == before
