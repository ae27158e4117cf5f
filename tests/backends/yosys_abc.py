"""Running the ABC that pyosys carries."""

import subprocess
from pathlib import Path

import pyosys

ABC = Path(pyosys.__file__).with_name("yosys-abc")


def abc(*commands: str) -> str:
    """What ABC prints."""
    done = subprocess.run([ABC, "-q", "; ".join(commands)], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout + done.stderr


def proves_equal(first: Path, second: Path) -> bool:
    """Whether two circuit files compute the same, names of inputs and outputs matched."""
    verdict = abc(f"cec {first} {second}")
    assert ("are equivalent" in verdict) != ("NOT EQUIVALENT" in verdict), verdict
    return "are equivalent" in verdict
