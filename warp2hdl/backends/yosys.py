"""The child process that turns RTLIL into Verilog: `python yosys.py IN.il OUT.v`.

It runs as a plain script: what is loaded here is Yosys and nothing of warp2hdl.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(source: str, target: str) -> None:
    """Runs Yosys on the files; a failing Yosys command ends the process."""
    from pyosys import libyosys

    design = libyosys.Design()
    for command in (
        f'read_rtlil "{source}"',
        "proc",
        "opt_clean",
        f'write_verilog -norename -noattr "{target}"',
    ):
        libyosys.run_pass(command, design)
    if not Path(target).is_file():
        sys.exit("Yosys wrote nothing")


if __name__ == "__main__":
    main(*sys.argv[1:])
