"""`warp2hdl train`: what it writes, what it reports, and every kind of bad input."""

import dataclasses
import errno
import gzip
import json
import tomllib

import numpy as np
import pytest

from tests.cli.running import contents, fails, run, run_json, tiny_config
from tests.cli.tables import write_table
from warp2hdl import ir
from warp2hdl.cli import run_folder as run_folders
from warp2hdl.config import TrainConfig
from warp2hdl.data import NAMES

FILES = {"circuit.safetensors", "config.toml", "curves.png", "metrics.jsonl", "model.safetensors", "vectors.npz"}


def test_run_folder_holds_all_files(trained):
    out, result = trained
    assert {path.name for path in out.iterdir()} == FILES
    assert result["out"] == str(out)
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_json_reports_accuracies_and_sizes(trained):
    out, result = trained
    circuit = ir.load(out / "circuit.safetensors")
    assert result["nodes"] == circuit.network.nodes == sum(result["nodes_by_arity"].values())
    assert result["comparators"] == circuit.encoder.bits
    assert result["test_accuracy_hard"] == result["test_accuracy_circuit"]
    assert 0.25 < result["test_accuracy_circuit"] <= 1
    assert 0.25 < result["test_accuracy_relaxed"] <= 1
    assert result["epochs"] == 5 and 1 <= result["best_epoch"] <= 5
    assert result["seconds"] > 0


def test_vectors_are_the_test_split(trained):
    out, result = trained
    circuit = ir.load(out / "circuit.safetensors")
    with np.load(out / "vectors.npz", allow_pickle=False) as file:
        words, labels = file["words"], file["labels"]
    assert words.dtype == np.uint8 and words.shape == (360, 64) and labels.dtype == np.int64
    assert (ir.classify(circuit, words) == labels).mean() == result["test_accuracy_circuit"]


def test_metadata_tells_data_accuracy_and_training_but_no_places(trained):
    out, result = trained
    info = ir.load(out / "circuit.safetensors").metadata.info
    assert info["accuracy"]["test"] == pytest.approx(result["test_accuracy_circuit"], abs=1e-6)
    assert info["dataset"]["source"] == "digits" and info["dataset"]["split_seed"] == 0
    assert info["data"]["kind"] == "array"
    assert info["training"]["best_epoch"] == result["best_epoch"]
    assert set(info["training"]["versions"]) == {"warp2hdl", "torch", "numpy"}
    assert str(out.parent) not in json.dumps(info)


def test_config_and_metrics_can_be_read_back(trained):
    out, _ = trained
    config = TrainConfig.from_dict(tomllib.loads((out / "config.toml").read_text()))
    assert config.layers[0].nodes == 40 and config.training.epochs == 5
    lines = (out / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4, 5]


def test_same_seed_gives_the_same_bytes(tmp_path):
    config = tiny_config(tmp_path)
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        run_json("train", "--config", config, "--out", tmp_path / name, "--seed", seed)
    one, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    for name in FILES - {"metrics.jsonl"}:
        assert one[name] == again[name], name
    assert other["circuit.safetensors"] != one["circuit.safetensors"]


def test_people_are_told_where_and_what(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "my table.csv")
    config = tiny_config(tmp_path)
    stdout, stderr = run("train", "my table.csv", "--target", "kind", "--config", config, "--epochs", 2, "--seed", 3)
    assert stdout == ""
    assert "written    runs/my table/\n" in stderr
    assert "2 epochs in " in stderr
    assert stderr.endswith("next       warp2hdl emit-verilog 'runs/my table' --out 'runs/my table/verilog'\n")
    config = tomllib.loads((tmp_path / "runs" / "my table" / "config.toml").read_text())
    assert config["training"]["epochs"] == 2 and config["training"]["seed"] == 3
    assert ir.load(tmp_path / "runs" / "my table" / "circuit.safetensors").metadata.name == "my_table"


def test_file_may_come_as_data(tmp_path):
    table = write_table(tmp_path / "t.csv")
    words = ["--target", "kind", "--config", tiny_config(tmp_path), "--out", tmp_path / "run"]
    run_json("train", "--data", table, *words)
    assert ir.load(tmp_path / "run" / "circuit.safetensors").metadata.info["dataset"]["source"] == "t.csv"


def test_network_and_circuit_that_differ_are_reported(trained, tmp_path, monkeypatch):
    out, _ = trained

    def wrong(circuit, words):
        found = classify(circuit, words)
        found[3] = (found[3] + 1) % 10
        return found

    classify = run_folders.ir.classify
    monkeypatch.setattr(run_folders.ir, "classify", wrong)
    message = fails("train", "--config", out / "config.toml", "--epochs", 1, "--out", tmp_path / "run", code=1)
    assert message.startswith("The circuit differs from the network in 1 of 360 test samples; the first is sample 3: ")
    assert not list(tmp_path.iterdir())


class BadInput:
    """Bad arguments of `train`: a builder that writes files into a folder and returns the words, and the message."""

    def __init__(self, build, message):
        self.build, self.message = build, message


def table_with(change, *words):
    def build(folder):
        path = write_table(folder / "t.csv")
        lines = path.read_text().splitlines()
        path.write_text("\n".join(change(lines)) + "\n")
        return [path, *(words or ("--target", "kind"))]

    return build


def edit(line, old, new):
    def change(lines):
        cells = lines[line].split(",")
        cells[old] = new
        return [*lines[:line], ",".join(cells), *lines[line + 1 :]]

    return change


def idx_folder(images):
    def build(folder):
        (folder / "train-images-idx3-ubyte.gz").write_bytes(images)
        (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes((0, 0, 8, 1, 0, 0, 0, 1, 5))))
        return ["mnist", "--data", folder]

    return build


def nan_arrays(folder):
    x, y = np.zeros((20, 3)), np.arange(20) % 2
    x[4, 1] = np.nan
    np.savez(folder / "a.npz", x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    return [folder / "a.npz"]


def flat_table(folder):
    (folder / "flat.csv").write_text("a,y\n" + "1,0\n1,1\n" * 10)
    return [folder / "flat.csv", "--target", "y"]


def configured(**settings):
    def build(folder):
        return ["digits", "--config", tiny_config(folder, **settings)]

    return build


def text_config(text):
    def build(folder):
        (folder / "c.toml").write_text(text)
        return ["--config", folder / "c.toml"]

    return build


BAD = {
    "missing file": BadInput(
        lambda folder: [folder / "no.csv", "--target", "y"], "{0}/no.csv is not a file; check the path."
    ),
    "unknown data set": BadInput(
        lambda folder: ["minst"],
        "there is no data set 'minst' (did you mean 'mnist'?); "
        f"give one of {', '.join(NAMES)}, or a .csv or .npz file.",
    ),
    "no folder for mnist": BadInput(
        lambda folder: ["mnist"], "mnist is not built in; give --data FOLDER, the folder with its four idx files."
    ),
    "nothing to learn from": BadInput(
        flat_table,
        "{0}/flat.csv: no feature ever changes over the training samples; there is nothing to learn from.",
    ),
    "wrong magic": BadInput(
        idx_folder(gzip.compress(b"\x00\x00\x08\x01" + bytes(16))),
        "{0}/train-images-idx3-ubyte.gz starts with 00000801, an idx file of this kind with 00000803; fetch it again.",
    ),
    "truncated gzip": BadInput(
        idx_folder(gzip.compress(bytes(1000))[:-10]),
        "{0}/train-images-idx3-ubyte.gz is a damaged or truncated gzip file (Compressed file ended before the "
        "end-of-stream marker was reached); fetch it again.",
    ),
    "ragged row": BadInput(
        table_with(lambda lines: [*lines[:5], lines[5] + ",9", *lines[6:]]),
        "{0}/t.csv, line 6: 5 cells where the header has 4; mend the row.",
    ),
    "non-numeric cell": BadInput(
        table_with(edit(3, 1, "heavy")),
        "{0}/t.csv, line 4, column 'weight': 'heavy' is not a finite number; correct it, or train with the column "
        "declared categorical (--categorical weight).",
    ),
    "NaN in a table": BadInput(
        table_with(edit(3, 0, "nan")),
        "{0}/t.csv, line 4, column 'size': 'nan' is not a finite number; correct it, or train with the column "
        "declared categorical (--categorical size).",
    ),
    "NaN in arrays": BadInput(
        nan_arrays, "{0}/a.npz: x_train: sample 4, feature 1 is nan; only finite numbers are taken."
    ),
    "unknown target": BadInput(
        table_with(lambda lines: lines, "--target", "Kinds"),
        "{0}/t.csv has no column 'Kinds' (did you mean 'kind'?); it has size, weight, colour, kind "
        "(if that is data, add a line of names).",
    ),
    "one class": BadInput(
        table_with(lambda lines: [lines[0], *(line.replace("small", "large") for line in lines[1:])]),
        "{0}/t.csv: every row has the 'kind' 'large'; two classes at least are needed.",
    ),
    "arity 7": BadInput(configured(arity=7), "{0}/tiny.toml: layers[0].arity is 7; it must be 1 to 6."),
    "width and classes": BadInput(
        configured(nodes=41),
        "{0}/tiny.toml: layers[0].nodes is 41, which does not divide into 10 classes; "
        "make the last layer's width a multiple of 10.",
    ),
    "no such config": BadInput(
        lambda folder: ["--config", folder / "no.toml"],
        "cannot read {0}/no.toml: No such file or directory; give --config an existing TOML file.",
    ),
    "unknown setting": BadInput(
        text_config("[training]\nepoch = 3\n"),
        "{0}/c.toml: training.epoch is unknown; allowed: "
        + ", ".join(field.name for field in dataclasses.fields(TrainConfig().training))
        + ".",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_and_overwrites_nothing(case, own_run, tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    words = case.build(inputs)
    before = contents(tmp_path)
    assert fails("train", *words, "--out", own_run) == case.message.replace("{0}", str(inputs))
    assert contents(tmp_path) == before


def test_out_that_is_a_file_is_found_before_the_data_is_read(tmp_path):
    (tmp_path / "run").write_text("mine")
    message = f"{tmp_path / 'run'} is a file; give --out a folder."
    assert fails("train", tmp_path / "no.csv", "--out", tmp_path / "run") == message
    assert contents(tmp_path) == {"run": b"mine"}


@pytest.mark.parametrize(
    ("writer", "place"), [("numpy.savez_compressed", ""), ("safetensors.numpy.save", "/model.safetensors")]
)
def test_full_disk_leaves_the_old_run(own_run, tmp_path, monkeypatch, writer, place):
    def full(*args, **arrays):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, full)
    before = contents(tmp_path)
    assert fails("train", "--config", own_run / "config.toml", "--epochs", 1, "--out", own_run) == (
        f"cannot write {own_run}{place}: No space left on device; free some space or choose another place with --out."
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize("option", [("--epochs", 0), ("--seed", -1), ("--split-seed", 2**32)])
def test_options_out_of_range_are_usage_errors(option):
    assert fails("train", *option).startswith(f"Invalid value for '{option[0]}': {option[1]} is not in the range")
