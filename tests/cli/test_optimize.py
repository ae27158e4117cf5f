"""`warp2hdl optimize`: an equivalent circuit, and what it saved."""

import resource

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import fails, program, run, run_json
from warp2hdl import data, ir
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


def test_people_see_what_each_pass_gained(wasteful, tmp_path):
    _, stderr = run("optimize", wasteful, "--out", tmp_path / "after.safetensors")
    assert "comparators" in stderr and "votes" in stderr
    found = run_json("optimize", wasteful, "--out", tmp_path / "again.safetensors")
    for name in {report["name"] for report in found["passes"]}:
        assert f"{name} " in stderr
    first, last = found["passes"][0], found["passes"][-1]
    assert first["nodes_before"] == found["luts_before"] and last["nodes_after"] == found["luts_after"]


@pytest.mark.parametrize("pipeline", ["area", "speed"])
def test_pipelines_that_map_keep_the_class(wasteful, tmp_path, pipeline):
    out = tmp_path / "after.safetensors"
    run_json("optimize", wasteful, "--out", out, "--pipeline", pipeline)
    before, after = ir.load(wasteful), ir.load(out)
    words = random_vectors(before.encoder, 500, 0)
    assert np.array_equal(ir.classify(before, words), ir.classify(after, words))


def test_approximations_are_measured_and_noted(run_folder, tmp_path):
    out = tmp_path / "after.safetensors"
    words = ("optimize", run_folder, "--out", out, "--data-dont-cares", "--rare", 20, "--prune", 10)
    found = run_json(*words)
    before, after = ir.load(run_folder / "circuit.safetensors"), ir.load(out)
    samples = data.load("digits")
    for circuit, when in ((before, "before"), (after, "after")):
        classes = ir.classify(circuit, circuit.encoder.to_words(samples.x_val))
        assert found[f"val_accuracy_{when}"] == pytest.approx(float((classes == samples.y_val).mean()), abs=1e-6)
    assert found["luts_after"] < found["luts_before"]
    info = after.metadata.info
    assert info["accuracy"] == {"test": found["test_accuracy_after"], "val": found["val_accuracy_after"]}
    assert (info["approximation"]["data_dont_cares"], info["approximation"]["prune"]) == (20, 10)
    assert info["approximation"]["val_accuracy_before"] == found["val_accuracy_before"]
    assert "on the validation split" in run(*words)[1]


def test_exact_passes_leave_the_metadata_alone(run_folder, tmp_path):
    found = run_json("optimize", run_folder, "--out", tmp_path / "after.safetensors")
    assert "val_accuracy_after" not in found
    before, after = ir.load(run_folder / "circuit.safetensors"), ir.load(tmp_path / "after.safetensors")
    assert after.metadata == before.metadata


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rare", 3), "--rare goes with --data-dont-cares; give both."),
        (("--data", "here"), "--data is for --data-dont-cares and --prune; leave it out."),
        (("--prune", 3), "the circuit does not tell what it was trained on; take one that `warp2hdl train` wrote."),
    ],
)
def test_options_that_do_not_fit(wasteful, tmp_path, options, message):
    assert fails("optimize", wasteful, "--out", tmp_path / "after.safetensors", *options) == message


def test_other_data_than_in_training_are_refused(run_folder, tmp_path):
    out = tmp_path / "after.safetensors"
    gone = tmp_path / "gone"
    assert fails("optimize", run_folder, "--out", out, "--prune", 1, "--data", gone) == (
        f"{gone} does not exist; give --data an existing file or folder."
    )
