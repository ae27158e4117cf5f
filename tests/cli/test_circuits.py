"""Which file a path stands for."""

from pathlib import Path

import pytest

from warp2hdl.cli.circuits import circuit_path, is_model
from warp2hdl.errors import DataError


def test_folder_stands_for_the_circuit_in_it(run_folder):
    file = run_folder / "circuit.safetensors"
    assert circuit_path(run_folder) == circuit_path(file) == file


def test_models_are_told_from_circuits(run_folder, tmp_path):
    assert is_model(run_folder / "model.safetensors")
    assert not is_model(run_folder / "circuit.safetensors")
    (tmp_path / "text").write_text("text")
    assert not is_model(tmp_path / "text") and not is_model(tmp_path / "gone")


def test_missing_path_is_named():
    with pytest.raises(DataError, match=r"^gone does not exist; name a circuit\.safetensors or the folder of a "):
        circuit_path(Path("gone"))
