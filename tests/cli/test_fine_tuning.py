"""`warp2hdl train --from`: a run that goes on from another one."""

import shutil
import tomllib

import pytest

from tests.cli.running import contents, fails, run, run_json, tiny_config
from tests.cli.tables import write_table
from warp2hdl import ir
from warp2hdl.train import model_file


def test_no_epoch_gives_the_same_circuit(run_folder, tmp_path):
    out, config = tmp_path / "again", tmp_path / "no_backfit.toml"
    config.write_text("[training]\nbackfit_sweeps = 0\n")
    result = run_json("train", "--from", run_folder, "--epochs", 0, "--config", config, "--out", out)
    before, after = (ir.load(folder / "circuit.safetensors") for folder in (run_folder, out))
    assert after.sha256 == before.sha256
    assert result["epochs"] == 0 and result["best_epoch"] == 0
    assert after.metadata.info["accuracy"] == before.metadata.info["accuracy"]
    assert after.metadata.info["dataset"] == before.metadata.info["dataset"]
    assert len(after.metadata.info["training"]["from"]) == 64 and "from" not in before.metadata.info["training"]
    assert {path.name for path in run_folder.iterdir()} - {path.name for path in out.iterdir()} == {"curves.png"}


def test_narrow_words_go_all_the_way_to_hardware(run_folder, tmp_path):
    out, verilog = tmp_path / "narrow", tmp_path / "verilog"
    before = contents(run_folder)
    result = run_json("train", "digits", "--from", run_folder, "--feature-bits", 2, "--epochs", 2, "--out", out)
    assert contents(run_folder) == before
    assert tomllib.loads((out / "config.toml").read_text())["encoder"]["feature_bits"] == 2
    assert (out / "curves.png").is_file() and result["epochs"] == 2
    circuit = ir.load(out / "circuit.safetensors")
    assert (circuit.encoder.feature_bits == 2).all()
    assert run_json("evaluate", out)["accuracy"] == pytest.approx(result["test_accuracy_circuit"])
    run_json("emit-verilog", out, "--out", verilog)
    checked = run_json("cosim", verilog, "--vectors", "test")
    assert checked["mismatches"] == 0 and checked["vectors"] == 360
    assert checked["accuracy"] == pytest.approx(result["test_accuracy_circuit"])


def test_feature_bits_without_a_run_to_go_on_from(tmp_path):
    out = tmp_path / "run"
    run_json("train", "--config", tiny_config(tmp_path), "--feature-bits", 3, "--out", out)
    assert model_file.load(out / "model.safetensors").encoder.feature_bits.max() == 3


def test_people_see_what_was_kept(run_folder, tmp_path):
    config = tmp_path / "backfit.toml"
    config.write_text("[training]\nbackfit_sweeps = 1\n")
    _, stderr = run("train", "--from", run_folder, "--epochs", 0, "--config", config, "--out", tmp_path / "again")
    assert "kept the network it went on from" in stderr
    assert "1 sweep, validation" in stderr


def test_a_table_is_read_again_with_its_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "table.csv")
    config = tiny_config(tmp_path)
    run("train", "table.csv", "--target", "kind", "--split-seed", 3, "--config", config, "--out", "first")
    again = run_json("train", "--from", "first", "--epochs", 1, "--out", "second")
    assert again["epochs"] == 1
    words = ["train", "table.csv", "--target", "kind", "--from", "first", "--out", "third"]
    assert fails(*words) == (
        "first was trained on other data: --split-seed is 0, but was 3; leave out DATASET and its options to take the "
        "same data."
    )
    assert fails("train", "--from", "first", "--target", "kind", "--out", "third") == (
        "the data and its splits are those of first; leave out what says otherwise."
    )
    with (tmp_path / "table.csv").open("a") as file:
        file.write((tmp_path / "table.csv").read_text().splitlines()[-1] + "\n")
    assert fails(*words, "--split-seed", 3).startswith("first was trained on other data: content is '")
    assert "has changed since the training" in fails("train", "--from", "first", "--out", "third")


def test_other_data_are_refused(run_folder, tmp_path):
    assert fails("train", "digits", "--split-seed", 1, "--from", run_folder, "--out", tmp_path / "run") == (
        f"{run_folder} was trained on other data: --split-seed is 1, but was 0; leave out DATASET and its options to "
        "take the same data."
    )


def test_other_settings_are_refused(run_folder, tmp_path):
    out = tmp_path / "run"
    assert fails("train", "--from", run_folder, "--preset", "difflogic", "--out", out) == (
        "--from goes on with the settings of its run; leave out --preset."
    )
    assert fails("train", "--from", run_folder, "--max-luts", 500, "--out", out) == (
        "--from goes on with the settings of its run; leave out --max-luts."
    )
    assert fails("train", "--from", run_folder, "--feature-bits", 9, "--out", out) == (
        "encoder.feature_bits is 9, but 4 in the network to go on from; its words can only become narrower."
    )


def test_the_run_itself_is_not_replaced(own_run):
    before = contents(own_run)
    for place in (own_run, own_run / "model.safetensors"):
        assert fails("train", "--from", place, "--epochs", 0, "--out", own_run) == (
            f"{own_run} is the run to go on from; give --out another folder."
        )
    assert contents(own_run) == before


def test_what_holds_no_model_is_refused(own_run, emitted, tmp_path):
    shutil.move(own_run / "model.safetensors", tmp_path / "elsewhere.safetensors")
    assert fails("train", "--from", own_run) == (
        f"{own_run} holds no model.safetensors; give --from the folder of a run that `warp2hdl train` wrote."
    )
    circuit = own_run / "circuit.safetensors"
    assert fails("train", "--from", circuit).startswith(f"{circuit} is damaged or not a model of warp2hdl")


def test_no_epoch_without_a_run_to_go_on_from(tmp_path):
    assert fails("train", "--epochs", 0, "--out", tmp_path / "run") == "training.epochs is 0; it must be at least 1."
