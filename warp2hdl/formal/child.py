"""The child process that reads Verilog: `python child.py TOP OUT.json IN.v ...`.

It runs as a plain script: what is loaded here is Yosys and nothing of warp2hdl.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Word-wide cells that are left to Yosys to break up; all others are read as they are.
_BROKEN_UP = ("$pmux", "$shiftx", "$shift", "$shl", "$shr", "$sshl", "$sshr", "$mul", "$neg", "$bmux", "$demux")


def main(top: str, target: str, *sources: str) -> None:
    """Runs Yosys on the files; a failing Yosys command ends the process."""
    from pyosys import libyosys

    design = libyosys.Design()
    commands = [f'read_verilog -defer "{source}"' for source in sources]
    commands += [f"hierarchy -top {top}", "proc", "flatten", "techmap " + " ".join(f"t:{t}" for t in _BROKEN_UP)]
    # `check` before `opt_clean`, which joins nets that have several drivers. Cells that nothing reads are no part of
    # what the outputs are.
    commands += ["check", "opt_clean", f'write_json "{target}"']
    for command in commands:
        libyosys.run_pass(command, design)
    if not Path(target).is_file():
        sys.exit("Yosys wrote nothing")


if __name__ == "__main__":
    main(*sys.argv[1:])
