"""Yosys commands in a process of their own, as a failing command can end the process that it runs in."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_CHILD = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.stdin.read().splitlines():
    libyosys.run_pass(command, design)
"""


def share_folder() -> Path:
    """Where Yosys keeps its cell libraries."""
    from importlib.util import find_spec

    return Path(find_spec("pyosys").submodule_search_locations[0]) / "share"


def run_yosys(commands: Iterable[str], folder: Path) -> str:
    """Runs the commands in `folder` and returns what Yosys printed; one that fails is an AssertionError."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CHILD],
        input="\n".join(commands), cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout
