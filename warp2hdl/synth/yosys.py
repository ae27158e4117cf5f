"""The child process that runs Yosys: `python yosys.py COMMANDS`, a file with one command a line.

It runs as a plain script: what is loaded here is Yosys and nothing of warp2hdl.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(script: str) -> None:
    """Runs the commands; a failing one ends the process."""
    from pyosys import libyosys

    design = libyosys.Design()
    for command in Path(script).read_text(encoding="utf-8").splitlines():
        libyosys.run_pass(command, design)


if __name__ == "__main__":
    main(*sys.argv[1:])
