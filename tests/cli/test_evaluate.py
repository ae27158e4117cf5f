"""`warp2hdl evaluate`: circuits, models, and which samples count."""

import gzip

import numpy as np
import pytest

from tests.cli.running import fails, program, run, run_json, tiny_config
from tests.cli.tables import write_table
from warp2hdl import engines


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a table that lies at an absolute path."""
    folder = tmp_path_factory.mktemp("table")
    table = write_table(folder / "t.csv")
    config = tiny_config(folder)
    run_json("train", table, "--target", "kind", "--config", config, "--out", folder / "run", "--split-seed", 5)
    return folder / "run", table


def test_circuit_is_as_good_as_training_said(trained):
    out, result = trained
    found = run_json("evaluate", out)
    assert found["accuracy"] == result["test_accuracy_circuit"]
    assert (found["kind"], found["split"], found["samples"], found["data"]) == ("circuit", "test", 360, "digits")
    counts = np.array(found["confusion"])
    assert counts.sum() == 360 and counts.trace() / 360 == found["accuracy"]
    assert found["classes"] == [str(digit) for digit in range(10)]


def test_engines_give_one_answer(trained):
    out, _ = trained
    found = [run_json("evaluate", out, *engine) for engine in ((), ("--engine", "simd"), ("--engine", "numpy"))]
    for result in found:
        del result["seconds"]
    assert found[0] == found[1] == found[2]


def test_circuit_is_evaluated_by_the_engine_that_is_asked_for(trained, monkeypatch):
    asked = []

    def spy(circuit, engine):
        asked.append(engine)
        return make(circuit, engine)

    make = engines.make
    monkeypatch.setattr(engines, "make", spy)
    out, _ = trained
    run_json("evaluate", out)
    run_json("evaluate", out, "--engine", "numpy")
    assert asked == ["simd", "numpy"]
    assert fails("evaluate", out / "model.safetensors", "--engine", "simd") == (
        "--engine is for a circuit; leave it out with a model."
    )


def test_model_is_measured_hard_and_relaxed(trained):
    out, result = trained
    found = run_json("evaluate", out / "model.safetensors")
    assert found["kind"] == "model"
    assert found["accuracy"] == result["test_accuracy_hard"]
    assert found["accuracy_relaxed"] == result["test_accuracy_relaxed"]


def test_people_see_the_confusion_matrix(trained):
    out, result = trained
    stdout, stderr = run("evaluate", out)
    assert stdout == ""
    assert "label \\ found" in stderr
    assert stderr.endswith(f"accuracy   {100 * result['test_accuracy_circuit']:.2f} %\n")


def test_the_file_of_the_training_counts_by_its_test_split(table_run, tmp_path):
    out, table = table_run
    moved = tmp_path / "moved.csv"
    moved.write_bytes(table.read_bytes())
    for path in (table, moved):
        found = run_json("evaluate", out, "--data", path)
        assert (found["split"], found["samples"]) == ("test", 12)
    assert fails("evaluate", out) == "the training data t.csv is not here; give --data PATH."


def test_another_file_counts_with_all_samples(table_run, tmp_path):
    out, _ = table_run
    other = write_table(tmp_path / "other.csv", rows=25, seed=9)
    found = run_json("evaluate", out, "--data", other)
    assert (found["split"], found["samples"], found["data"]) == ("all", 25, "other.csv")


def test_the_label_may_have_another_name(table_run, tmp_path):
    out, _ = table_run
    other = write_table(tmp_path / "other.csv", rows=25, seed=9, target="class")
    assert run_json("evaluate", out, "--data", other, "--target", "class")["samples"] == 25
    assert fails("evaluate", out, "--data", other) == (
        f"{other} has no labels (no column 'kind'); add them, or use `warp2hdl predict`."
    )
    assert fails("evaluate", out, "--target", "class") == "--target is for a .csv given with --data; leave it out."


def test_relative_path_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = write_table(tmp_path / "t.csv")
    run_json("train", "t.csv", "--target", "kind", "--config", tiny_config(tmp_path))
    assert run_json("evaluate", "runs/t")["split"] == "test"
    table.write_text(table.read_text() + "1,2,red,small\n")
    assert fails("evaluate", "runs/t") == (
        "t.csv has changed since the training; give --data t.csv to evaluate all of its samples."
    )
    assert run_json("evaluate", "runs/t", "--data", "t.csv")["samples"] == 61


def idx(values):
    values = np.asarray(values, np.uint8)
    head = bytes((0, 0, 8, values.ndim)) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(head + values.tobytes())


def test_images_are_found_again_in_their_folder(tmp_path):
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 80), ("t10k", 30)):
        labels = np.arange(count) % 10
        images = rng.integers(0, 40, (count, 4, 4)) + 20 * labels[:, None, None]
        (tmp_path / f"{prefix}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (tmp_path / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(idx(labels))
    out = tmp_path / "run"
    result = run_json("train", "mnist", "--data", tmp_path, "--config", tiny_config(tmp_path), "--out", out)
    found = run_json("evaluate", out, "--data", tmp_path)
    assert (found["split"], found["samples"], found["accuracy"]) == ("test", 30, result["test_accuracy_circuit"])
    assert fails("evaluate", out) == "the training data mnist is not here; give --data PATH."


def test_folder_without_a_circuit_is_refused(tmp_path):
    assert fails("evaluate", tmp_path) == (
        f"{tmp_path} holds no circuit.safetensors; name a folder that `warp2hdl train` wrote."
    )


def test_missing_data_is_named(run_folder, tmp_path):
    gone = tmp_path / "gone.npz"
    assert fails("evaluate", run_folder, "--data", gone) == (
        f"{gone} does not exist; give --data an existing file or folder."
    )


def test_unlabelled_and_unfitting_arrays_are_refused(run_folder, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 64)))
    assert fails("evaluate", run_folder, "--data", tmp_path / "x.npy") == (
        f"{tmp_path / 'x.npy'} has no labels (no y); add them, or use `warp2hdl predict`."
    )
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 60)), y=np.zeros(3, np.int64))
    assert fails("evaluate", run_folder, "--data", tmp_path / "x.npz") == (
        f"{tmp_path / 'x.npz'} has 60 features a sample; this circuit takes 64."
    )


def test_program_prints_one_object_alone(trained):
    out, _ = trained
    found = program("evaluate", out, "--json")
    assert found.returncode == 0
    assert found.stdout.startswith('{"kind"') and found.stdout.count("\n") == 1
