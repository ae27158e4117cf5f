"""What `make` says on a machine that lacks something, and what it runs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.distributions import TREE

NEEDED = ("g++", "make", "perl", "python3")
SHELL_TOOLS = ("sh", "sed", "touch")


def run_make(folder: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(shutil.which("make")), *arguments]
    return subprocess.run(command, cwd=folder, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder for PATH with all that is needed, each of it a program that only succeeds."""
    for name in NEEDED:
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    for name in SHELL_TOOLS:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path / "bin"


def checkout(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(TREE / "Makefile", folder)
    return folder


def test_a_machine_with_everything_is_accepted(tmp_path, machine):
    run = run_make(checkout(tmp_path / "project"), machine, "machine")
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("tool", ["g++", "make", "perl", "python3"])
def test_what_is_missing_is_named_in_one_line_with_the_remedy(tmp_path, machine, tool):
    (machine / tool).unlink()
    run = run_make(checkout(tmp_path / "project"), machine, "machine")
    line, *rest = run.stderr.splitlines()
    assert run.returncode == 2
    assert line.startswith("missing: ")
    assert tool in line
    assert "apt install" in line
    assert "dnf install" in line
    assert len(rest) == 1  # make's own


def test_all_that_is_missing_is_named_at_once(tmp_path, machine):
    for tool in NEEDED:
        (machine / tool).unlink()
    run = run_make(checkout(tmp_path / "project"), machine, "machine")
    assert sum(line.startswith("missing: ") for line in run.stderr.splitlines()) == len(NEEDED)


def test_an_old_python_is_missing_too(tmp_path, machine):
    (machine / "python3").write_text("#!/bin/sh\nexit 1\n")
    run = run_make(checkout(tmp_path / "project"), machine, "machine", "PYTHON=python3")
    assert "missing: Python 3.11 or later (python3)" in run.stderr


def test_a_path_with_a_space_is_refused(tmp_path, machine):
    run = run_make(checkout(tmp_path / "my project"), machine, "machine")
    assert run.returncode == 2
    assert "move the checkout" in run.stderr


def test_help_lists_the_documented_targets(tmp_path, machine):
    run = run_make(checkout(tmp_path / "project"), machine, "help")
    assert [line.split()[1] for line in run.stdout.splitlines()] == [
        *("help", "venv", "demo", "test", "test-long", "bench", "clean", "distclean")
    ]


def test_continuous_integration_runs_make_test():
    assert (TREE / ".ci" / "run").read_text().splitlines()[-1] == "exec make test"
    assert (TREE / ".ci" / "run").stat().st_mode & 0o111
