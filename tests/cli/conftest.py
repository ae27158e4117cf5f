"""A run that was trained once for all tests, and what was emitted from it."""

import shutil

import pytest

from tests.cli.running import run_json, tiny_config


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a run on the digits, and what `train --json` said."""
    folder = tmp_path_factory.mktemp("trained")
    out = folder / "run"
    result = run_json("train", "--config", tiny_config(folder), "--out", out, "--epochs", 5)
    return out, result


@pytest.fixture(scope="session")
def run_folder(trained):
    """The folder of a run on the digits; not to be changed."""
    return trained[0]


@pytest.fixture
def own_run(run_folder, tmp_path):
    """A copy of the run's folder that a test may change."""
    return shutil.copytree(run_folder, tmp_path / "own")


@pytest.fixture(scope="session")
def emitted(run_folder, tmp_path_factory):
    """The run's Verilog; not to be changed."""
    out = tmp_path_factory.mktemp("emitted") / "verilog"
    run_json("emit-verilog", run_folder, "--out", out)
    return out
