"""The cocotb bench that `cosimulate` runs inside the simulator; its job comes from `warp2hdl.sim.job`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import LogicObject
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_steps

from warp2hdl.sim.checker import Checker, Expected, Mismatch
from warp2hdl.sim.driver import RawDriver, RawInputs, StreamDriver, StreamInputs
from warp2hdl.sim.job import VARIABLE, Job, Outcome, Stimulus, progress_file, read_job, write_outcome
from warp2hdl.sim.monitor import RawMonitor, RawOutputs, StreamMonitor, StreamOutputs
from warp2hdl.sim.vectors import pack_scores, unpack_rows

CLOCK_NS = 10

_REPORT_EVERY = 256  # vectors between two notes of the progress


class RawDesign(RawInputs, RawOutputs, Protocol):
    """A design with the `raw` interface."""


class StreamDesign(StreamInputs, StreamOutputs, Protocol):
    """A design with the `stream` interface."""

    rst: LogicObject


class Design(RawDesign, StreamDesign, Protocol):
    """A design with either interface; the manifest tells which."""


def _report(samples: Iterable[int], path: Path) -> Iterator[int]:
    for index, sample in enumerate(samples):
        if index % _REPORT_EVERY == 0:
            path.write_text(str(index))
        yield sample


def make_checker(job: Job, stimulus: Stimulus) -> Checker:
    """The checker for a job's expected classes and scores."""
    vectors, classes = stimulus.scores.shape
    packed = unpack_rows(pack_scores(stimulus.scores, job.score_bits)) if job.with_scores else [None] * vectors
    pairs = zip(np.argmax(stimulus.scores, axis=1).tolist(), packed, strict=True)
    return Checker(
        [Expected(*pair) for pair in pairs],
        latency_cycles=job.latency_cycles,
        period=get_sim_steps(CLOCK_NS, "ns"),
        score_bits=job.score_bits,
        classes=classes if job.with_scores else 0,
    )


async def run_stream(
    dut: StreamDesign, samples: Iterable[int], checker: Checker, job: Job
) -> tuple[StreamMonitor, list[Mismatch]]:
    """Resets the design, streams the samples through it, waits for what is still inside, and checks."""
    flush = 2 * checker.latency_cycles + 8
    driver = StreamDriver(dut, gap_probability=job.gap_probability, seed=job.seed)
    monitor = StreamMonitor(dut)
    dut.rst.value = 1
    # Samples offered during reset must be lost.
    dut.in_valid.value = 1
    dut.in_features.value = 0
    Clock(dut.clk, CLOCK_NS, "ns").start()
    await ClockCycles(dut.clk, flush)
    dut.rst.value = 0
    monitor.start()
    await driver.idle(flush)
    await driver.send(samples)
    await driver.idle(flush)
    return monitor, checker.check(driver.sent, monitor.results)


async def run_raw(dut: RawDesign, samples: Iterable[int], checker: Checker) -> tuple[RawMonitor, list[Mismatch]]:
    """Applies every sample to the combinational design and checks."""
    monitor = RawMonitor(dut)
    await RawDriver(dut).send(samples, monitor.sample)
    return monitor, checker.check([result.time for result in monitor.results], monitor.results)


@cocotb.test()
async def equals_reference(dut: Design) -> None:
    """Every result of the design equals the reference; the runner judges the outcome that is left for it."""
    folder = Path(os.environ[VARIABLE])
    job, stimulus = read_job(folder)
    checker = make_checker(job, stimulus)
    samples = _report(unpack_rows(stimulus.samples), progress_file(folder))
    monitor: RawMonitor
    if job.interface == "stream":
        monitor, found = await run_stream(dut, samples, checker, job)
        cycles = monitor.cycles
    else:
        monitor, found = await run_raw(dut, samples, checker)
        cycles = len(monitor.results)
    classes = [-1 if result.class_id is None else result.class_id for result in monitor.results]
    write_outcome(folder, Outcome(cycles, len(found), found[0] if found else None, classes))
