"""Co-simulation of an emitted design against the reference interpreter."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.backends.manifest import Manifest
from warp2hdl.errors import ConfigError, DataError, MismatchError, ToolError, ToolNotFoundError
from warp2hdl.ir import Circuit, interpret, serial
from warp2hdl.sim import vectors as vector_files
from warp2hdl.sim.build import build
from warp2hdl.sim.checker import Mismatch
from warp2hdl.sim.job import VARIABLE, Job, Stimulus, progress_file, read_outcome, write_job
from warp2hdl.sim.process import OUTPUT_TAIL, run_tool

RANDOM_COUNT = 1000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CosimResult:
    """What a co-simulation found.

    Attributes:
        vectors: how many samples were sent.
        mismatches: vectors whose class, scores or latency differ, plus missing and surplus results.
        accuracy: share of the vectors that the hardware classed as labelled; None without labels.
        cycles: clock cycles simulated; samples for a `raw` design.
        build_seconds: wall time of Verilator and the C++ compiler.
        run_seconds: wall time of the simulation.
        first_mismatch: the first difference, if there is one.
    """

    vectors: int
    mismatches: int
    accuracy: float | None
    cycles: int
    build_seconds: float
    run_seconds: float
    first_mismatch: Mismatch | None

    def require_match(self) -> None:
        """Raises MismatchError where hardware and reference differ."""
        if self.first_mismatch is not None:
            vector, expected, actual = self.first_mismatch
            raise MismatchError(
                f"The hardware differs from the reference in {self.mismatches} of {self.vectors} vectors; "
                f"the first is vector {vector}: expected {expected}, got {actual}."
            )


def cosimulate(
    folder: Path | str,
    *,
    vectors: str = "test",
    count: int | None = None,
    seed: int = 0,
    gap_probability: float = 0.3,
    build_dir: Path | str | None = None,
    timeout_seconds: float = 3600,
    progress: Progress | None = None,
) -> CosimResult:
    """Simulates an emitted design in Verilator and compares every result with `warp2hdl.ir.interpret`.

    Args:
        folder: what `emit-verilog` wrote.
        vectors: `test` for the test split in the folder's `vectors.npz`, or `random`.
        count: how many vectors; by default the whole test split, or 1000 random ones.
        seed: decides random vectors, gaps, junk, and the state in which registers start.
        gap_probability: chance of each cycle without a sample, 0 up to less than 1.
        build_dir: keeps the build there, and uses it again while the design is the same; else it is temporary.
        timeout_seconds: limit for each of Verilator, the C++ build and the simulation.
        progress: called with the vectors sent and the vectors in all, while the simulation runs.

    Raises:
        ConfigError: an option out of its range.
        DataError: there are no usable test vectors.
        FormatError: the folder is damaged or foreign.
        ToolNotFoundError: Verilator, g++, make, perl or libpython is missing.
        ToolError: the design does not build, or the simulation breaks.
        ToolTimeoutError: a step takes too long.
    """
    _require_options(vectors, count, gap_probability)
    folder = Path(folder)
    manifest = Manifest.read(folder)
    circuit = serial.load(folder / "circuit.safetensors")
    words, labels = _choose_vectors(folder, manifest, circuit, vectors, count, seed)
    job = Job(
        interface=manifest.interface,
        latency_cycles=manifest.latency_cycles,
        score_bits=manifest.score_bits,
        with_scores=manifest.scores,
        gap_probability=gap_probability,
        seed=seed,
        **_axis_fields(manifest),
    )
    bench = "warp2hdl.sim.bench" if manifest.axis is None else "warp2hdl.sim.axis_bench"
    with _work_folder(build_dir) as work:
        started = time.monotonic()
        executable = _build(folder, manifest, work, timeout_seconds)
        built = time.monotonic()
        write_job(work, job, _make_stimulus(manifest, circuit, words))
        poll = _poller(progress_file(work), len(words), progress)
        env = {VARIABLE: str(work)}
        _, output = _simulate(executable, manifest.top, bench, seed, timeout_seconds, env, poll)
        outcome = read_outcome(work)
        if progress is not None:
            progress(len(words), len(words))
        run_seconds = time.monotonic() - built
    if outcome is None:
        raise ToolError(
            "The simulation ended without a result; the end of its log tells why.",
            command=[str(executable)],
            output=output[-OUTPUT_TAIL:],
        )
    actual = np.array(outcome.classes[: len(words)], np.int64)
    return CosimResult(
        vectors=len(words),
        mismatches=outcome.mismatches,
        accuracy=None if labels is None else float((actual == labels[: len(actual)]).sum() / len(words)),
        cycles=outcome.cycles,
        build_seconds=built - started,
        run_seconds=run_seconds,
        first_mismatch=outcome.first_mismatch,
    )


def run_bench(
    folder: Path | str,
    test_module: str,
    *,
    build_dir: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    seed: int = 0,
    timeout_seconds: float = 3600,
) -> int:
    """Runs a cocotb bench of the user's on an emitted design and returns how many tests passed.

    Args:
        folder: what `emit-verilog` wrote.
        test_module: the bench as Python imports it; it can reach the ports of the top module.
        build_dir: keeps the build there, and uses it again while the design is the same; else it is temporary.
        env: variables for the bench.
        seed: cocotb's random seed, and the state in which registers start.
        timeout_seconds: limit for each of Verilator, the C++ build and the simulation.

    Raises:
        ToolError: the design does not build, or a test of the bench fails; `output` has the end of the log.
    """
    folder = Path(folder)
    manifest = Manifest.read(folder)
    with _work_folder(build_dir) as work:
        executable = _build(folder, manifest, work, timeout_seconds)
        (tests, failed), output = _simulate(executable, manifest.top, test_module, seed, timeout_seconds, env or {})
    if failed or not tests:
        raise ToolError(
            f"{failed} of {tests} tests of the cocotb bench {test_module} failed.",
            command=[str(executable)],
            output=output[-OUTPUT_TAIL:],
        )
    return tests


def _build(folder: Path, manifest: Manifest, work: Path, timeout_seconds: float) -> Path:
    ports = [port.name for port in manifest.ports]
    sources = [folder / name for name in manifest.verilog]
    return build(sources, manifest.top, ports, work, timeout_seconds=timeout_seconds)


def _require_options(vectors: str, count: int | None, gap_probability: float) -> None:
    if vectors not in ("test", "random"):
        raise ConfigError(f"--vectors is {vectors!r}; it must be test or random.")
    if count is not None and count < 1:
        raise ConfigError(f"--count is {count}; it must be at least 1.")
    if not 0 <= gap_probability < 1:
        raise ConfigError(f"gap_probability is {gap_probability}; it must be 0 up to less than 1.")


def _choose_vectors(
    folder: Path, manifest: Manifest, circuit: Circuit, vectors: str, count: int | None, seed: int
) -> tuple[vector_files.Words, npt.NDArray[np.int64] | None]:
    if vectors == "random":
        return vector_files.random_vectors(circuit.encoder, count or RANDOM_COUNT, seed), None
    path = folder / "vectors.npz"
    if path.name not in manifest.files:  # there may still be those of a design that lay here before
        raise DataError(
            f"{folder} was emitted without test vectors; "
            "use --vectors random, or emit it again from the training run's folder."
        )
    return vector_files.load_vectors(path, circuit.encoder, count)


@contextlib.contextmanager
def _work_folder(build_dir: Path | str | None) -> Iterator[Path]:
    if build_dir is not None:
        yield Path(build_dir).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="warp2hdl-cosim-") as name:
        yield Path(name)


def _axis_fields(manifest: Manifest) -> dict[str, int]:
    axis = manifest.axis
    return {} if axis is None else {"bus_bits": axis.bus_bits, "beats": axis.beats, "scores_lsb": axis.scores_lsb}


def _make_stimulus(manifest: Manifest, circuit: Circuit, words: vector_files.Words) -> Stimulus:
    lsbs = [feature.lsb for feature in manifest.features]
    widths = [feature.bits for feature in manifest.features]
    return Stimulus(vector_files.pack(words, lsbs, widths, sum(widths)), interpret.scores(circuit, words))


def _poller(path: Path, total: int, progress: Progress | None) -> Callable[[], None] | None:
    if progress is None:
        return None

    def poll() -> None:
        text = path.read_text() if path.exists() else ""
        if text:
            progress(int(text), total)

    return poll


def _simulate(
    executable: Path,
    top: str,
    test_module: str,
    seed: int,
    timeout_seconds: float,
    env: Mapping[str, str],
    poll: Callable[[], None] | None = None,
) -> tuple[tuple[int, int], str]:
    """Runs the simulation; returns tests and failed tests, and what it printed."""
    from cocotb_tools.check_results import get_results

    work = executable.parent
    report = work / "results.xml"
    report.unlink(missing_ok=True)
    # Registers without a reset start in a random state, as in hardware, instead of at 0.
    command = [str(executable), "+verilator+rand+reset+2", f"+verilator+seed+{seed % 2**31 + 1}"]
    full_env = _cocotb_environment(top, test_module, seed) | {"COCOTB_RESULTS_FILE": str(report)} | dict(env)
    output = run_tool("simulation", command, env=full_env, folder=work, timeout_seconds=timeout_seconds, poll=poll)
    if not report.exists():
        raise ToolError("The simulation ended without a report.", command=command, output=output[-OUTPUT_TAIL:])
    return get_results(report), output


def _cocotb_environment(top: str, test_module: str, seed: int) -> dict[str, str]:
    from cocotb_tools.config import pygpi_entry_point
    from find_libpython import find_libpython

    libpython = find_libpython()
    if libpython is None:
        raise ToolNotFoundError(
            f"The shared library of {sys.executable} (libpython), which cocotb needs, was not found; "
            "install it (apt install libpython3-dev) or use a Python that has it."
        )
    # What the user has set for other benches, a test filter for one, must not reach this one.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("COCOTB_", "GPI_", "PYGPI_"))
    }
    return inherited | {
        "COCOTB_TOPLEVEL": top,
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RANDOM_SEED": str(seed),
        # Verilator's own inertial writes are right, and save one callback per write.
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{libpython};{pygpi_entry_point()}",
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path),
    }
