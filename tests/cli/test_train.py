"""`warp2hdl train`: what it writes, what it reports, and every kind of bad input."""

import dataclasses
import errno
import gzip
import json
import signal
import struct
import tomllib

import numpy as np
import pytest
import torch

from tests.cli.running import contents, fails, python, run, run_json, tiny_config
from tests.cli.tables import write_table
from warp2hdl import ir
from warp2hdl.cli import console
from warp2hdl.cli import run_folder as run_folders
from warp2hdl.config import TrainConfig
from warp2hdl.data import NAMES

FILES = {
    "circuit.safetensors",
    "config.toml",
    "curves.png",
    "lowered.safetensors",
    "metrics.jsonl",
    "model.safetensors",
    "vectors.npz",
}
CHECKPOINT = {"checkpoint/metrics.jsonl", "checkpoint/state.safetensors"}


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
    assert set(contents(tmp_path)) == {f"run/{name}" for name in CHECKPOINT}


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
        idx_folder(gzip.compress(struct.pack(">4I", 0x803, 1, 28, 28) + bytes(784))[:-10]),
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
    ("writer", "place", "left"),
    [
        ("numpy.savez_compressed", "", CHECKPOINT),
        ("warp2hdl.train.model_file.staged_file", "", CHECKPOINT),
        ("safetensors.numpy.save", "/checkpoint/state.safetensors", set()),
    ],
)
def test_full_disk_leaves_the_old_run_and_the_training(own_run, tmp_path, monkeypatch, writer, place, left):
    def full(*args, **arrays):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, full)
    before = contents(tmp_path)
    assert fails("train", "--config", own_run / "config.toml", "--epochs", 1, "--out", own_run) == (
        f"cannot write {own_run}{place}: No space left on device; free some space or choose another place with --out."
    )
    after = contents(tmp_path)
    assert after.keys() - before.keys() == {f"own/{name}" for name in left}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("option", [("--epochs", -1), ("--feature-bits", 17), ("--seed", -1), ("--split-seed", 2**32)])
def test_options_out_of_range_are_usage_errors(option):
    assert fails("train", *option).startswith(f"Invalid value for '{option[0]}': {option[1]} is not in the range")


def test_device_is_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    words = ["train", "--config", tiny_config(tmp_path), "--out", tmp_path / "run"]
    assert fails(*words, "--device", "cuda") == (
        "device is 'cuda' but torch finds no CUDA device here; give --device cpu or auto."
    )
    assert fails(*words, "--device", "tpu").startswith("Invalid value for '--device': 'tpu' is not one of")
    assert not (tmp_path / "run").exists()


class TestOtherFiles:
    """A run is not put among files that are none of a run."""

    def test_a_folder_of_other_files_is_refused(self, tmp_path, monkeypatch):
        config = tiny_config(tmp_path).rename(tmp_path / "config.toml")
        before = contents(tmp_path)
        monkeypatch.chdir(tmp_path)
        message = "holds other files than a run's, 'config.toml' for one; give --out a new folder."
        assert fails("train", "--config", config, "--out", ".") == f". {message}"
        assert fails("train", tmp_path / "no.csv", "--out", tmp_path) == f"{tmp_path} {message}"
        assert contents(tmp_path) == before

    def test_runs_empty_folders_and_mounts_are_taken(self, own_run, tmp_path):
        empty = tmp_path / "mount"
        (empty / "lost+found").mkdir(parents=True)
        (empty / ".hidden").touch()
        (own_run / "notes.txt").write_text("mine")
        for out in (empty, own_run):
            run_json("train", "--config", tiny_config(tmp_path), "--out", out)
        assert (own_run / "notes.txt").read_text() == "mine"
        assert set(contents(empty)) == FILES | {".hidden"}


def test_classes_without_samples_are_named(tmp_path):
    path = write_table(tmp_path / "t.csv")
    path.write_text(path.read_text() + "5,5,red,odd\n")
    words = ["train", path, "--target", "kind", "--out", tmp_path / "run"]
    stderr = run(*words, "--config", tiny_config(tmp_path, nodes=42))[1]
    assert "warning    no validation sample of class 'odd'\n" in stderr
    assert "warning    no test sample of class 'odd'\n" in stderr
    assert "no training sample" not in stderr


class TestResume:
    """Runs that are stopped go on with `--resume`."""

    @pytest.fixture
    def words(self, tmp_path):
        config = tiny_config(tmp_path).rename(tmp_path / "settings.toml")
        return ["train", "--config", config, "--epochs", 4, "--out", tmp_path / "run"]

    def stop(self, monkeypatch, words, steps, *options):
        """Ctrl-C after so many steps; returns what was said of it."""
        left = [steps]

        def interrupted():
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(console, "raise_if_interrupted", interrupted)
            patched.setattr("warp2hdl.train.trainer.STATE_INTERVAL_SECONDS", 0.0)
            stdout, stderr = run(*words, *options, code=130)
        assert stdout == ""
        return stderr

    def test_killed_and_resumed_is_the_same_as_never_stopped(self, words, tmp_path):
        straight = tmp_path / "straight"
        run_json(*words[:-1], straight)
        script = (
            "import os, signal\n"
            "from warp2hdl.cli import main\n"
            "from warp2hdl.train import trainer\n"
            "class Run(trainer.Run):\n"
            "    def _step(self, step, batch):\n"
            "        if step == 190: os.kill(os.getpid(), signal.SIGKILL)\n"
            "        return super()._step(step, batch)\n"
            "trainer.Run, trainer.STATE_INTERVAL_SECONDS = Run, 0.0\n"
            "main()\n"
        )
        assert python("-c", script, *words, timeout=600).returncode == -signal.SIGKILL
        folder = tmp_path / "run"
        assert set(contents(folder)) == CHECKPOINT
        assert len((folder / "checkpoint" / "metrics.jsonl").read_text().splitlines()) == 2
        result = run_json(*words, "--resume")
        assert result["epochs"] == 4
        one, other = contents(straight), contents(folder)
        assert other.keys() == FILES
        for name in FILES - {"metrics.jsonl"}:
            assert one[name] == other[name], name

    def test_interruption_says_how_to_go_on(self, words, tmp_path, monkeypatch):
        folder = tmp_path / "run" / "checkpoint"
        assert self.stop(monkeypatch, words, 30).endswith("Error: interrupted; nothing was left behind.\n")
        assert not (tmp_path / "run").exists()
        advice = f"Error: interrupted; the same command with --resume goes on from {folder}.\n"
        assert self.stop(monkeypatch, words, 100).endswith(advice)
        assert self.stop(monkeypatch, words, 5, "--resume").endswith(advice)
        before = contents(tmp_path)
        stderr = self.stop(monkeypatch, words, 5)
        note = f"note       {folder} is of an unfinished run; this one replaces it, --resume would go on with it\n"
        assert note in stderr and stderr.endswith("nothing was left behind.\n")
        assert contents(tmp_path) == before

    def test_what_cannot_be_resumed(self, words, tmp_path, monkeypatch):
        run_folder = tmp_path / "run"
        assert fails(*words, "--resume").startswith(f"there is no checkpoint to resume at {run_folder}/checkpoint/")
        assert not run_folder.exists()
        self.stop(monkeypatch, words, 100)
        before = contents(tmp_path)
        message = fails(*words, "--seed", 5, "--resume")
        assert message.startswith(f"training.seed is 5, but 0 in the run that {run_folder}/checkpoint belongs to; ")
        message = fails(*words, "--split-seed", 5, "--resume")
        assert message.startswith("the data's x_train differs from that of the run that ")
        assert contents(tmp_path) == before

    def test_a_failure_at_the_end_costs_no_training(self, words, tmp_path, monkeypatch):
        def full(*args, **arrays):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("numpy.savez_compressed", full)
            stderr = run(*words, code=2)[1]
        assert f"kept       the same command with --resume goes on from {tmp_path / 'run' / 'checkpoint'}\n" in stderr

        def epoch(*args):
            raise AssertionError("trained again")

        monkeypatch.setattr("warp2hdl.train.loop.Run.epoch", epoch)
        assert run_json(*words, "--resume")["epochs"] == 4
        assert set(contents(tmp_path / "run")) == FILES


def test_two_processes_speak_and_write_as_one(tmp_path):
    words = ["train", "--config", tiny_config(tmp_path), "--out", tmp_path / "run", "--json"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "warp2hdl"]
    done = python(*torchrun, *words, timeout=600)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 1
    assert done.stderr.count("training on digits ...") == 1
    assert set(contents(tmp_path / "run")) == FILES


def test_a_budget_of_look_ups_is_kept(tmp_path):
    from warp2hdl.backends.design import build_design

    result = run_json("train", "digits", "--max-luts", "400", "--epochs", "3", "--out", tmp_path / "run")
    circuit = ir.load(tmp_path / "run" / "circuit.safetensors")
    assert 250 < sum(build_design(circuit).lookups().values()) <= 400
    assert result["test_accuracy_circuit"] > 0.5
    settings = TrainConfig.read(tmp_path / "run" / "config.toml", TrainConfig())
    assert settings.encoder.thresholds == "dyadic" and settings.training.rewiring_interval > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--max-luts", "30"), "30 look-ups are too few for 10 classes; give at least"),
        (("--max-luts", "500", "--preset", "difflogic"), "--max-luts chooses the settings itself; leave out --preset"),
    ],
)
def test_a_budget_that_cannot_be_kept(options, message, tmp_path):
    assert message in fails("train", "digits", *options, "--out", tmp_path / "run")
