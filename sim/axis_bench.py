"""The cocotb bench that `cosimulate` runs on a design with AXI4-Streams, with source and sink of cocotbext-axi."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import cocotb
from cocotb.clock import Clock
from cocotb.handle import LogicArrayObject, LogicObject
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from warp2hdl.sim.axis_watch import HandshakeMonitor
from warp2hdl.sim.bench import CLOCK_NS, make_checker
from warp2hdl.sim.checker import Checker, Mismatch
from warp2hdl.sim.job import VARIABLE, Bytes, Job, Outcome, progress_file, read_job, write_outcome
from warp2hdl.sim.monitor import Result

BURST = 64  # vectors that are sent without gaps, to see latency and rate
_LONGEST_PACKET = 5  # samples
_SHORT_PROBABILITY = 0.05  # of a packet that ends within a sample
_STALL_PROBABILITY = 0.01  # in a cycle, of a pause of the sink that is long enough to fill the design
_PATIENCE = 4000  # cycles without any beat, after which nothing more is waited for


class AxisDesign(Protocol):
    """The ports that the bench drives by hand; source and sink drive the others."""

    aclk: LogicObject
    aresetn: LogicObject
    s_axis_tdata: LogicArrayObject
    s_axis_tvalid: LogicObject
    s_axis_tlast: LogicObject
    m_axis_tready: LogicObject


class Sample(NamedTuple):
    """What the bench sends: a vector's number, or None for a sample that its packet cuts short; and its TLAST."""

    vector: int | None
    last: bool


@dataclass(frozen=True)
class Packet:
    """Samples up to a TLAST, as bytes."""

    samples: tuple[Sample, ...]
    data: bytes


def pad(samples: Bytes, size: int, rng: random.Random) -> list[bytes]:
    """Samples `[n, bytes]` -> `size` bytes each, with junk behind what is used."""
    return [row.tobytes() + rng.randbytes(size - len(row)) for row in samples]


def part(checker: Checker, first: int, end: int) -> Checker:
    """The checker for some of the vectors."""
    return dataclasses.replace(checker, expected=checker.expected[first:end])


def make_packets(
    vectors: Sequence[bytes], first: int, beats: int, rng: random.Random, short_probability: float
) -> Iterator[Packet]:
    """Groups vectors at random; some packets end with the first beats of a sample.

    Args:
        vectors: all bytes of each sample.
        first: number of the first vector.
        beats: beats of a sample.
        rng: decides.
        short_probability: of a packet that ends within a sample.
    """
    at = 0
    while at < len(vectors):
        size = min(rng.randint(1, _LONGEST_PACKET), len(vectors) - at)
        cut = beats > 1 and rng.random() < short_probability
        samples = [Sample(first + at + i, not cut and i == size - 1) for i in range(size)]
        data = b"".join(vectors[at : at + size])
        if cut:
            samples.append(Sample(None, True))
            data += rng.randbytes(len(vectors[at]) // beats * rng.randint(1, beats - 1))
        yield Packet(tuple(samples), data)
        at += size


def pauses(probability: float, stall_cycles: int, rng: random.Random) -> Iterator[bool]:
    """Per cycle whether to pause: at random, and for `stall_cycles` on end, first of all and now and then."""
    if not probability:
        return
    yield from itertools.repeat(True, stall_cycles)
    while True:
        if stall_cycles and rng.random() < _STALL_PROBABILITY:
            yield from itertools.repeat(True, stall_cycles)
        yield rng.random() < probability


class AxisBench:
    """Source, sink, and a monitor of either stream."""

    def __init__(self, dut: AxisDesign, job: Job, progress: Path) -> None:
        source = AxiStreamBus.from_prefix(dut, "s_axis")
        sink = AxiStreamBus.from_prefix(dut, "m_axis")
        self._job = job
        self._progress = progress
        self._dut = dut
        self.source = AxiStreamSource(source, dut.aclk, dut.aresetn, False)
        self.sink = AxiStreamSink(sink, dut.aclk, dut.aresetn, False)
        for side in (self.source, self.sink):
            side.log.setLevel(logging.WARNING)  # every packet would be printed
        self.source.queue_occupancy_limit_frames = 4
        self.taken = HandshakeMonitor(source, dut.aclk)
        self.given = HandshakeMonitor(sink, dut.aclk, ("tdata", "tlast", "tuser"))

    async def reset(self) -> None:
        """Offers beats all through reset, which must be lost, and starts the monitors."""
        dut = self._dut
        dut.aresetn.value = 0
        Clock(dut.aclk, CLOCK_NS, "ns").start()
        dut.s_axis_tdata.value = 0
        dut.s_axis_tlast.value = 1
        dut.s_axis_tvalid.value = 1
        dut.m_axis_tready.value = 1
        await ClockCycles(dut.aclk, 2 * self._job.latency_cycles + 8)
        dut.s_axis_tvalid.value = 0
        dut.aresetn.value = 1
        self.taken.start()
        self.given.start()
        await ClockCycles(dut.aclk, 2 * self._job.latency_cycles + 8)

    def hinder(self, rng: random.Random) -> None:
        """From now on the source has gaps and the sink pauses."""
        chance = self._job.gap_probability
        stall = 3 * self._job.latency_cycles + 6 * self._job.beats
        self.source.set_pause_generator(pauses(chance, 0, random.Random(rng.random())))
        self.sink.set_pause_generator(pauses(chance, stall, random.Random(rng.random())))

    async def stream(self, packets: Sequence[Packet]) -> list[tuple[Result, bool, bool]]:
        """Sends packets and waits for their results; returns each result with its TLAST and TUSER."""
        seen = len(self.given.times)
        expected = seen + sum(len(packet.samples) for packet in packets)
        feeder = cocotb.start_soon(self._feed(packets))
        beats, idle = -1, 0
        while len(self.given.times) < expected and idle < _PATIENCE:
            await ClockCycles(self._dut.aclk, 16)
            moved = len(self.given.times) + len(self.taken.times)
            idle = 0 if moved != beats else idle + 16
            beats = moved
            self._progress.write_text(str(len(self.given.times)))
        feeder.cancel()
        await ClockCycles(self._dut.aclk, 2 * self._job.latency_cycles + 8)
        return self._results(seen)

    async def _feed(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            await self.source.send(AxiStreamFrame(packet.data))

    def _results(self, seen: int) -> list[tuple[Result, bool, bool]]:
        """What the sink holds, beat by beat, with the monitor's times from number `seen` on."""
        found = []
        size = self.sink.byte_lanes
        times = iter(self.given.times[seen:])
        while not self.sink.empty():
            frame = self.sink.recv_nowait(compact=False)
            for at in range(0, len(frame.tdata), size):
                value = int.from_bytes(frame.tdata[at : at + size], "little")
                scores = value >> self._job.scores_lsb if self._job.with_scores else None
                result = Result(next(times, 0), value & ((1 << self._job.scores_lsb) - 1), scores)
                found.append((result, at + size == len(frame.tdata), frame.tuser[at] == 1))
        return found


def compare(
    packets: Sequence[Packet],
    results: Sequence[tuple[Result, bool, bool]],
    checker: Checker,
    sent: Sequence[int] | None,
) -> list[Mismatch]:
    """All differences between what was sent and what came.

    Args:
        packets: what was sent.
        results: what came, with TLAST and TUSER.
        checker: for the vectors of these packets alone.
        sent: when each vector's last beat was taken, or None where the latency is not looked at.
    """
    samples = [sample for packet in packets for sample in packet.samples]
    first = next((sample.vector for sample in samples if sample.vector is not None), 0)
    whole = [result for result, _, short in results if not short]
    if sent is None:
        sent, checker = [result.time for result in whole], dataclasses.replace(checker, latency_cycles=0)
    found = [Mismatch(first + vector, *words) for vector, *words in checker.check(sent, whole)]
    near = first
    for sample, (_, last, short) in zip(samples, results, strict=False):
        near = near if sample.vector is None else sample.vector
        if (last, short) != (sample.last, sample.vector is None):
            found.append(Mismatch(near, _flags(sample.last, sample.vector is None), _flags(last, short)))
    if len(results) != len(samples) and not found:
        found.append(Mismatch(near, f"{len(samples)} results", f"{len(results)} results"))
    return sorted(found)


def _flags(last: bool, short: bool) -> str:
    return f"tlast {int(last)}, tuser {int(short)}"


def check_rate(times: Sequence[int], period: int, beats: int) -> list[Mismatch]:
    """Beats of a burst that did not follow the one before in the next cycle.

    Args:
        times: simulation steps of each beat's handshake.
        period: simulation steps of a cycle.
        beats: of a sample.
    """
    late = [i for i, (one, other) in enumerate(itertools.pairwise(times), 1) if other - one != period]
    return [Mismatch(i // beats, "a beat in every cycle", f"beat {i % beats} came late") for i in late]


@cocotb.test()
async def equals_reference(dut: AxisDesign) -> None:
    """Every result equals the reference: first a burst, whose latency and rate count too, then with gaps and pauses."""
    folder = Path(os.environ[VARIABLE])
    job, stimulus = read_job(folder)
    rng = random.Random(job.seed)
    bench = AxisBench(dut, job, progress_file(folder))
    vectors = pad(stimulus.samples, job.beats * job.bus_bits // 8, rng)
    checker = make_checker(job, stimulus)
    await bench.reset()

    burst = list(make_packets(vectors[:BURST], 0, job.beats, rng, 0))
    results = await bench.stream(burst)
    ends = [time for i, time in enumerate(bench.taken.times, 1) if i % job.beats == 0]
    found = compare(burst, results, part(checker, 0, BURST), ends)
    found += check_rate(bench.taken.times, checker.period, job.beats)

    bench.hinder(rng)
    packets = list(make_packets(vectors[BURST:], BURST, job.beats, rng, _SHORT_PROBABILITY))
    later = await bench.stream(packets)
    found += compare(packets, later, part(checker, BURST, len(vectors)), None)
    if bench.given.broken is not None:
        found.append(Mismatch(0, "m_axis as AXI4-Stream has it", bench.given.broken))
    answers = [result.class_id for result, _, short in [*results, *later] if not short]
    classes = [-1 if answer is None else answer for answer in answers]
    write_outcome(folder, Outcome(bench.taken.cycles, len(found), found[0] if found else None, classes))
