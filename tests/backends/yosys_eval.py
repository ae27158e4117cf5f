"""Reads emitted Verilog back with Yosys and evaluates it: `python yosys_eval.py FILE TOP WORD...` -> a line each."""

import re
import sys
from pathlib import Path

from pyosys import libyosys


def main(verilog: str, top: str, *words: str) -> None:
    design = libyosys.Design()
    for command in (f"read_verilog -D VERILATOR {verilog}", f"hierarchy -check -top {top}", "proc", "flatten"):
        libyosys.run_pass(command, design)
    width, values = words[0], words[1:]
    for value in values:
        outputs = "-show out_class -show out_scores"
        libyosys.run_pass(f"tee -q -o eval.txt eval -set in_features {width}'h{value} {outputs}", design)
        found = re.findall(r"\\(out_\w+) = \d+'([01]+)", Path("eval.txt").read_text())
        print("RESULT", *(int(bits, 2) for _, bits in sorted(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
