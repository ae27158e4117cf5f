"""`warp2hdl optimize`: an equivalent circuit, and what it saved."""

import resource

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import fails, program, run, run_json
from warp2hdl import ir
from warp2hdl.cli import optimize
from warp2hdl.passes import PIPELINES
from warp2hdl.sim.vectors import random_vectors


@pytest.fixture
def wasteful(tmp_path):
    """A circuit with constants, repeated fan-ins and dead nodes."""
    circuit = random_circuit(
        np.random.default_rng(2), features=4, feature_bits=3, layers=[(40, (1, 2, 3))], classes=3, skips=True
    )
    ir.save(circuit, tmp_path / "before.safetensors")
    return tmp_path / "before.safetensors"


def test_pipelines_are_those_that_exist():
    assert tuple(PIPELINES) == optimize.PIPELINES


def test_smaller_and_equivalent(wasteful, tmp_path):
    out = tmp_path / "after.safetensors"
    found = run_json("optimize", wasteful, "--out", out)
    before, after = ir.load(wasteful), ir.load(out)
    assert (found["luts_before"], found["luts_after"]) == (before.network.nodes, after.network.nodes)
    assert (found["depth_before"], found["depth_after"]) == (before.network.depth, after.network.depth)
    assert found["luts_after"] < found["luts_before"] and found["passes"]
    words = random_vectors(before.encoder, 500, 0)
    assert np.array_equal(ir.scores(before, words), ir.scores(after, words))


def test_no_pass_changes_nothing(wasteful, tmp_path):
    out = tmp_path / "after.safetensors"
    run_json("optimize", wasteful, "--out", out, "--pipeline", "none")
    assert out.read_bytes() == wasteful.read_bytes()


def test_people_see_the_change(wasteful, tmp_path):
    out = tmp_path / "after.safetensors"
    stdout, stderr = run("optimize", wasteful, "--out", out)
    assert stdout == ""
    assert "size       42 -> " in stderr and f"written    {out}\n" in stderr


def test_error_within_the_own_file_names_it(wasteful):
    out = wasteful.parent / "after.safetensors"
    out.write_bytes(b"old")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    found = program("optimize", wasteful, "--out", out, preexec_fn=limit)
    assert found.returncode == 2
    assert found.stderr.endswith(
        f"Error: cannot write {out}: File too large; free some space or choose another place with --out.\n"
    )
    assert out.read_bytes() == b"old" and len(list(out.parent.iterdir())) == 2


def test_out_that_is_a_folder_is_refused(wasteful, tmp_path):
    assert fails("optimize", wasteful, "--out", tmp_path) == f"{tmp_path} is a folder; give --out a file."
