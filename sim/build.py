"""Verilog -> an executable that Verilator makes and cocotb drives."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from warp2hdl.errors import OutputError
from warp2hdl.files import staged_file, user_cache
from warp2hdl.sim.generated import shorten
from warp2hdl.sim.process import run_tool
from warp2hdl.sim.tools import Tools, find_tools

# Without optimisation: a design is simulated for seconds, and g++ -Os takes three times as long to build it.
_MAKE_OPTIONS = ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")

# One compiler call for all of the design reads the headers once; it takes 25 bytes of memory for each of C++.
_ONE_CALL = ("VM_PARALLEL_BUILDS=0",)
_ONE_CALL_BYTES = 60_000_000
# The flag for the precompiled header is empty in the makefile of Verilator's Python package.
_MANY_CALLS = ("VM_PARALLEL_BUILDS=1", "CFG_CXXFLAGS_PCH_I=-include")

# Warnings are for the designer; data-flow optimisation costs more than it saves here; there are no delays to time.
_VERILATOR_OPTIONS = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "-fno-dfg", "--no-timing")

# The same for every design, and most of the compile time of a small one.
_RUNTIME = ("verilated.o", "verilated_dpi.o", "verilated_vpi.o", "verilated_threads.o")

_NAME = "simulation"


def build(
    sources: Sequence[Path], top: str, ports: Sequence[str], folder: Path, *, timeout_seconds: float = 3600
) -> Path:
    """Builds the simulation of a design and returns its executable.

    Args:
        sources: the Verilog files.
        top: the top module.
        ports: its ports, the only signals that a bench can reach; fewer of them build faster.
        folder: where everything is built; an earlier build of the same design is used again, any other replaced.
        timeout_seconds: for each of Verilator and make.

    Raises:
        ToolNotFoundError: Verilator, g++, make or perl is missing.
        ToolError: the design does not build.
        ToolTimeoutError: the build takes too long.
        OutputError: the folder cannot be written.
    """
    tools = find_tools()
    folder = folder.resolve()
    control_text = _control_file(top, ports)
    key = _key(tools, control_text, sources)
    stamp = folder / "build.sha256"
    if stamp.is_file() and stamp.read_text() == key and (folder / _NAME).is_file():
        return folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clean(folder)
        control = folder / "public.vlt"
        control.write_text(control_text)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}; choose another build folder.") from error
    env = tools.environment()
    verilate = _verilator_command(tools, top, folder, [control, *(source.resolve() for source in sources)])
    run_tool("verilator", verilate, env=env, folder=folder, timeout_seconds=timeout_seconds)
    shorten(folder)
    cache = _runtime_cache(tools)
    _copy_runtime(cache, folder)
    calls = _MANY_CALLS if _cpp_bytes(folder) > _ONE_CALL_BYTES else _ONE_CALL
    make = [str(tools.make), "-j2", "-f", "Vtop.mk", *_make_variables(tools), *_MAKE_OPTIONS, *calls]
    run_tool("make", make, env=env, folder=folder, timeout_seconds=timeout_seconds)
    _copy_runtime(folder, cache)
    stamp.write_text(key)
    return folder / _NAME


def _key(tools: Tools, control: str, sources: Sequence[Path]) -> str:
    """What a build depends on; one that is there already is taken where it is the same."""
    digest = hashlib.sha256(repr((tools, _VERILATOR_OPTIONS, _MAKE_OPTIONS, control)).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _clean(folder: Path) -> None:
    # make goes by dates alone: objects of another version of Verilator would be taken for new.
    for pattern in ("build.sha256", "Vtop*", "*.o", _NAME):
        for path in folder.glob(pattern):
            path.unlink()


def _control_file(top: str, ports: Sequence[str]) -> str:
    lines = [f'public_flat_rw -module "{top}" -var "{port}"' for port in ports]
    return "\n".join(["`verilator_config", *lines, ""])


def _verilator_command(tools: Tools, top: str, folder: Path, sources: Sequence[Path]) -> list[str]:
    from cocotb_tools.config import libs_dir, share_dir

    link = f"-Wl,-rpath,{libs_dir} -L{libs_dir} -lcocotbvpi_verilator"
    options = ["--cc", "--exe", "--vpi", "--Mdir", str(folder), "--prefix", "Vtop", "--top-module", top, "-o", _NAME]
    main = share_dir / "lib" / "verilator" / "verilator.cpp"
    return [str(tools.verilator), *options, *_VERILATOR_OPTIONS, "-LDFLAGS", link, str(main), *map(str, sources)]


def _cpp_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("Vtop*.cpp"))


def _make_variables(tools: Tools) -> list[str]:
    # The wheel's makefile names the programs of the machine that it was built on.
    return [f"CXX={tools.cxx}", f"LINK={tools.cxx}", "AR=ar", "PERL=perl", f"PYTHON3={sys.executable}"]


def _runtime_cache(tools: Tools) -> Path:
    compiler = subprocess.run([str(tools.cxx), "--version"], capture_output=True, text=True, check=False).stdout
    key = repr((tools.version, str(tools.verilator), compiler, _MAKE_OPTIONS))
    return user_cache() / f"verilator-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _copy_runtime(source: Path, target: Path) -> None:
    """Copies the runtime's objects where the target lacks them; a cache that cannot be used is no error."""
    with contextlib.suppress(OSError, OutputError):
        for name in _RUNTIME:
            if (source / name).is_file() and not (target / name).exists():
                with staged_file(target / name) as stage:
                    shutil.copyfile(source / name, stage)
