"""`warp2hdl predict`: classes on stdout, in JSON and in files."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.cli.running import ROOT, contents, fails, program, python, run, run_json, tiny_config
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
    assert (found["samples"], found["accuracy"], found["engine"], found["threads"]) == (6, None, "simd", 1)
    assert found["rows_per_second"] > 0


def test_stdout_is_a_table(run_folder, inputs):
    path, ids = inputs
    stdout, stderr = run("predict", run_folder, path)
    assert stdout == "class,class_id\n" + "".join(f"{i},{i}\n" for i in ids)
    assert re.search(r"classified 6 samples, [\d,]+ rows/s, with the engine simd\n\Z", stderr)


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


def test_engines_agree_and_scores_stand_beside_the_classes(run_folder, inputs, tmp_path):
    path, ids = inputs
    circuit = ir.load(run_folder / "circuit.safetensors")
    scores = ir.scores(circuit, circuit.encoder.to_words(np.load(path)))
    for engine in ("numpy", "simd", "triton"):
        found = run_json("predict", run_folder, path, "--engine", engine, "--scores")
        assert (found["engine"], found["class_ids"], found["scores"]) == (engine, ids, scores.tolist())
    assert "scores" not in run_json("predict", run_folder, path)
    run_json("predict", run_folder, path, "--scores", "--out", tmp_path / "s.npy")
    assert np.array_equal(np.load(tmp_path / "s.npy"), scores)
    stdout, _ = run("predict", run_folder, path, "--scores")
    header, *lines = stdout.splitlines()
    assert header == "class,class_id," + ",".join(f"score_{i}" for i in range(10))
    assert lines == [",".join(map(str, (i, i, *row))) for i, row in zip(ids, scores.tolist(), strict=True)]


def test_threads_are_for_one_engine(run_folder, inputs):
    message = "--threads is for the engine simd; leave it out with --engine numpy."
    assert fails("predict", run_folder, inputs[0], "--engine", "numpy", "--threads", 2) == message
    assert run_json("predict", run_folder, inputs[0], "--threads", 2)["class_ids"] == inputs[1]


def test_a_machine_without_a_gpu_is_told_so(run_folder, inputs, tmp_path):
    environment = os.environ | {"TRITON_INTERPRET": "0", "CUDA_VISIBLE_DEVICES": ""}
    words = ("predict", run_folder, inputs[0], "--engine", "triton", "--out", tmp_path / "found.npy")
    done = program(*words, env=environment)
    assert done.returncode == 3 and not (tmp_path / "found.npy").exists()
    assert "Error: the engine triton needs a CUDA GPU and the package triton" in done.stderr


def many(path, rows=20_000, bad=None):
    """Digits in a .csv, of which one row may be wrong; more than one part."""
    x = np.random.default_rng(1).integers(0, 17, (rows, 64))
    lines = [",".join(f"p{i}" for i in range(64)), *(",".join(map(str, row)) for row in x.tolist())]
    if bad is not None:
        lines[bad] = lines[bad].rpartition(",")[0] + ",?"
    path.write_text("\n".join(lines) + "\n")
    return x


def test_parts_come_out_in_order(run_folder, tmp_path):
    x = many(tmp_path / "x.csv")
    circuit = ir.load(run_folder / "circuit.safetensors")
    expected = ir.classify(circuit, circuit.encoder.to_words(x)).tolist()
    np.save(tmp_path / "x.npy", x)
    np.savez_compressed(tmp_path / "x.npz", x=np.asfortranarray(x), y=np.array(expected))
    for name in ("x.csv", "x.npy", "x.npz"):
        found = run_json("predict", run_folder, tmp_path / name, "--out", tmp_path / "found.npy")
        assert np.load(tmp_path / "found.npy").tolist() == expected
        assert found["accuracy"] == (1.0 if name == "x.npz" else None)


def test_a_bad_row_deep_in_the_file_is_named_and_nothing_is_written(run_folder, tmp_path):
    path = tmp_path / "x.csv"
    many(path, bad=19_000)
    message = f"{path}, line 19001, column 'p63': '?' is not a finite number; correct it, or train with the column "
    assert fails("predict", run_folder, path, "--out", tmp_path / "found.npy").startswith(message)
    assert fails("predict", run_folder, path).startswith(message)
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    x = np.zeros((200_000, 64), np.float32)
    x[150_000, 7] = np.inf
    np.save(tmp_path / "x.npy", x)
    message = f"{tmp_path / 'x.npy'}: x: sample 150000, feature 7 is inf; only finite numbers are taken."
    assert fails("predict", run_folder, tmp_path / "x.npy") == message


# What a child may take, in KiB, beyond what the same command takes for one sample.
ROOM = 60 << 10


@pytest.mark.parametrize("kind", ["npy", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("fortran", "npz"))])
def test_memory_does_not_grow_with_the_file(run_folder, tmp_path, kind):
    small, large = tmp_path / "small.npy", tmp_path / f"large.{'npz' if kind == 'npz' else 'npy'}"
    np.save(small, np.zeros((1, 64), np.uint8))
    write_large(large, kind)
    assert large.stat().st_size > (1 << 20 if kind == "npz" else 300_000_000)
    measured = (
        "import resource, sys\nfrom warp2hdl.cli import cli\n"
        "try:\n    cli.main(sys.argv[1:])\n"
        "finally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
    )
    peaks = []
    for path in (small, large):
        done = python("-c", measured, "predict", run_folder, path, "--out", tmp_path / "found.npy", timeout=300)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stderr.splitlines()[-1]))
    found = np.load(tmp_path / "found.npy", mmap_mode="r")
    assert len(found) == LARGE and len(np.unique(found[:1000])) > 1
    assert peaks[1] - peaks[0] < ROOM, peaks


LARGE = 4_800_000


def write_large(path, kind):
    """300 MB of samples, 64 bytes each."""
    block = np.random.default_rng(2).integers(0, 17, (1000, 64), np.uint8)
    whole = np.lib.stride_tricks.as_strided(block, (LARGE // 1000, 1000, 64), (0, 64, 1)).reshape(LARGE, 64)
    if kind == "fortran":
        whole = np.asfortranarray(whole)
    if kind == "npz":
        np.savez_compressed(path, x=whole)
    else:
        np.save(path, whole)


def test_ctrl_c_leaves_the_old_file(run_folder, tmp_path):
    # Ten minutes of work, whose zeros take no room on the disk.
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (100 * LARGE, 64)).flush()
    (tmp_path / "found.csv").write_text("mine")
    words = ["predict", run_folder, tmp_path / "x.npy", "--out", tmp_path / "found.csv", "--engine", "numpy"]
    child = subprocess.Popen(
        [sys.executable, "-m", "warp2hdl", *map(str, words)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, SIGINT is ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while len(list(tmp_path.iterdir())) < 3 and child.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert (child.returncode, stderr.splitlines()[-1]) == (130, "Error: interrupted; nothing was left behind.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.csv", "x.npy"]
    assert (tmp_path / "found.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["found.txt", ""])
def test_out_must_be_a_file_of_a_known_kind(run_folder, inputs, tmp_path, name):
    message = f"{tmp_path / name} is no file ending in .csv or .npy; give --out one that is."
    assert fails("predict", run_folder, inputs[0], "--out", tmp_path / name) == message
