"""`warp2hdl predict`: classes on stdout, in JSON and in files."""

import numpy as np
import pytest

from tests.cli.running import contents, fails, run, run_json, tiny_config
from tests.cli.tables import write_table
from warp2hdl import ir


@pytest.fixture
def inputs(run_folder, tmp_path):
    """Some digits as they would come from a camera, and the classes that the circuit finds."""
    x = np.random.default_rng(0).integers(0, 17, (6, 64)).astype(np.float64)
    np.save(tmp_path / "x.npy", x)
    circuit = ir.load(run_folder / "circuit.safetensors")
    return tmp_path / "x.npy", ir.classify(circuit, circuit.encoder.to_words(x)).tolist()


def test_json_has_classes_and_ids(run_folder, inputs):
    path, ids = inputs
    found = run_json("predict", run_folder, path)
    assert found["class_ids"] == ids and found["classes"] == [str(i) for i in ids]
    assert (found["samples"], found["accuracy"], found["engine"]) == (6, None, "numpy")


def test_stdout_is_a_table(run_folder, inputs):
    path, ids = inputs
    stdout, stderr = run("predict", run_folder, path)
    assert stdout == "class,class_id\n" + "".join(f"{i},{i}\n" for i in ids)
    assert stderr.endswith("classified 6 samples\n")


def test_files_hold_the_same(run_folder, inputs, tmp_path):
    path, ids = inputs
    found = run_json("predict", run_folder, path, "--out", tmp_path / "found.npy")
    assert "classes" not in found and found["out"] == str(tmp_path / "found.npy")
    assert np.load(tmp_path / "found.npy", allow_pickle=False).tolist() == ids
    stdout, _ = run("predict", run_folder, path, "--out", tmp_path / "found.csv")
    assert stdout == ""
    assert (tmp_path / "found.csv").read_text() == run("predict", run_folder, path)[0]


def test_labels_in_the_file_give_an_accuracy(tmp_path):
    table = write_table(tmp_path / "t.csv")
    out = tmp_path / "run"
    run_json("train", table, "--target", "kind", "--config", tiny_config(tmp_path), "--out", out)
    found = run_json("predict", out, table)
    labels = [line.rpartition(",")[2] for line in table.read_text().splitlines()[1:]]
    assert found["accuracy"] == np.mean([a == b for a, b in zip(labels, found["classes"], strict=True)])
    bare = write_table(tmp_path / "bare.csv", labels=False)
    again = run_json("predict", out, bare)
    assert again["accuracy"] is None and again["samples"] == 60


def test_bad_input_leaves_the_old_file(run_folder, tmp_path):
    x = np.zeros((3, 64))
    x[2, 5] = np.nan
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "found.csv").write_text("mine")
    before = contents(tmp_path)
    message = fails("predict", run_folder, tmp_path / "x.npy", "--out", tmp_path / "found.csv")
    assert message == f"{tmp_path / 'x.npy'}: x: sample 2, feature 5 is nan; only finite numbers are taken."
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["found.txt", ""])
def test_out_must_be_a_file_of_a_known_kind(run_folder, inputs, tmp_path, name):
    message = f"{tmp_path / name} is no file ending in .csv or .npy; give --out one that is."
    assert fails("predict", run_folder, inputs[0], "--out", tmp_path / name) == message
