"""What a benchmark's JSON says of the machine."""

import re
import subprocess

from tests.distributions import TREE
from warp2hdl import __version__
from warp2hdl.report import machine
from warp2hdl.report.machine import describe_machine


def test_versions_are_those_that_were_asked_for():
    found = describe_machine("click", "no-such-package")
    assert set(found["versions"]) == {"python", "warp2hdl", "numpy", "click"}
    assert found["versions"]["warp2hdl"] == __version__
    assert found["cores"] >= 1 and found["load_average"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])


def test_commit_is_that_of_the_checkout():
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TREE, capture_output=True, text=True, check=False)
    commit = describe_machine()["commit"]
    assert commit is None if head.returncode else commit.removesuffix("-dirty") == head.stdout.strip()


def test_no_commit_outside_a_checkout_or_without_git(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_ROOT", tmp_path)
    assert describe_machine()["commit"] is None
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_machine()["commit"] is None
