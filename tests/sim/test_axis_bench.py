import itertools
import random
import shutil

import pytest

from tests.sim.designs import edit_manifest, edit_verilog, emit_random
from warp2hdl.backends.manifest import Manifest
from warp2hdl.sim.axis_bench import Packet, Sample, check_rate, compare, make_packets, pad, part, pauses
from warp2hdl.sim.checker import Checker, Expected, Mismatch
from warp2hdl.sim.monitor import Result
from warp2hdl.sim.runner import cosimulate, run_bench

LAYERS = [(30, 4), (20, 3)]


def packets(count=200, beats=3, short_probability=0.3, first=10):
    vectors = [bytes([i % 251] * 2 * beats) for i in range(count)]
    return vectors, list(make_packets(vectors, first, beats, random.Random(1), short_probability))


def test_packets_hold_every_vector_once_in_order():
    vectors, found = packets()
    numbers = [sample.vector for packet in found for sample in packet.samples if sample.vector is not None]
    assert numbers == list(range(10, 210))
    assert all([s.last for s in packet.samples] == [False] * (len(packet.samples) - 1) + [True] for packet in found)
    whole = [b"".join(vectors[s.vector - 10] for s in p.samples if s.vector is not None) for p in found]
    assert all(packet.data.startswith(data) for packet, data in zip(found, whole, strict=True))
    assert len({len(packet.samples) for packet in found}) > 3


def test_a_short_sample_is_some_beats_at_the_end_of_a_packet():
    _, found = packets()
    short = [packet for packet in found if packet.samples[-1].vector is None]
    assert 0.1 < len(short) / len(found) < 0.5
    assert {len(packet.data) - 6 * (len(packet.samples) - 1) for packet in short} == {2, 4}
    assert all(None not in [sample.vector for sample in packet.samples[:-1]] for packet in found)
    assert not [p for p in packets(beats=1)[1] if None in [s.vector for s in p.samples]]


def test_a_sample_is_padded_to_whole_beats():
    import numpy as np

    samples = np.array([[1, 2], [3, 4]], np.uint8)
    first, second = pad(samples, 4, random.Random(0))
    assert (first[:2], second[:2]) == (b"\x01\x02", b"\x03\x04")
    assert len(first) == len(second) == 4
    assert first[2:] != second[2:]


def test_pauses_are_as_frequent_as_asked_for():
    found = list(itertools.islice(pauses(0.3, 0, random.Random(1)), 3000))
    assert 0.25 < sum(found) / len(found) < 0.35
    runs = [len(list(run)) for paused, run in itertools.groupby(found) if paused]
    assert max(runs) < 20
    stalled = itertools.islice(pauses(0.3, 100, random.Random(1)), 3000)
    assert max(len(list(run)) for paused, run in itertools.groupby(stalled) if paused) >= 100
    assert list(pauses(0, 100, random.Random(1))) == []


CHECKER = Checker([Expected(0, 5), Expected(1, 6)], latency_cycles=3, period=10, classes=1, score_bits=4)
SENT = [Packet((Sample(7, False), Sample(8, False), Sample(None, True)), b"")]
CAME = [(Result(100, 0, 5), False, False), (Result(110, 1, 6), False, False), (Result(120, 3, 3), True, True)]


def test_what_came_as_it_was_sent_differs_in_nothing():
    assert compare(SENT, CAME, CHECKER, None) == []
    assert compare(SENT, CAME, CHECKER, [70, 80]) == []


def test_every_difference_is_found():
    assert compare(SENT, CAME, CHECKER, [70, 90]) == [Mismatch(8, "latency 3", "latency 2")]
    wrong = [(Result(100, 0, 4), False, False), *CAME[1:]]
    assert compare(SENT, wrong, CHECKER, None) == [Mismatch(7, "class 0, scores [5]", "class 0, scores [4]")]
    ended = [CAME[0], (CAME[1][0], True, False), CAME[2]]
    assert compare(SENT, ended, CHECKER, None) == [Mismatch(8, "tlast 0, tuser 0", "tlast 1, tuser 0")]
    assert compare(SENT, CAME[:2], CHECKER, None) == [Mismatch(8, "3 results", "2 results")]
    lost = compare(SENT, [CAME[0], CAME[2]], CHECKER, None)
    assert Mismatch(8, "class 1, scores [6]", "no result") in lost
    doubled = compare(SENT, [CAME[0], *CAME], CHECKER, None)
    assert Mismatch(9, "no further result", "class 1, scores [6]") in doubled


def test_parts_of_a_checker():
    assert part(CHECKER, 1, 2).expected == [Expected(1, 6)]
    assert part(CHECKER, 1, 2).latency_cycles == 3


def test_a_beat_a_cycle():
    assert check_rate([0, 10, 20], 10, 2) == []
    assert check_rate([0, 10, 30, 40], 10, 2) == [Mismatch(1, "a beat in every cycle", "beat 0 came late")]
    assert len(check_rate([0, 20, 40], 10, 1)) == 2


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """A folder with three beats a sample, the last of which is not full."""
    folder = tmp_path_factory.mktemp("axis")
    options = {"interface": "axis", "bus_bits": 16}
    emit_random(folder, 1, features=5, feature_bits=8, layers=LAYERS, classes=5, vectors=300, options=options)
    return folder


@pytest.fixture
def copy(design, tmp_path):
    return shutil.copytree(design, tmp_path / "copy")


def test_every_vector_through_gaps_and_pauses(design):
    progress = []
    result = cosimulate(design, progress=lambda done, total: progress.append((done, total)))
    assert (result.vectors, result.mismatches, result.accuracy) == (300, 0, 299 / 300)
    # The sink's pauses hide behind the source's gaps, but for the long ones.
    assert 900 / 0.7 * 0.8 < result.cycles < 900 / 0.7 * 2.5
    assert progress[-1] == (300, 300)


def test_one_beat_a_sample_without_scores(tmp_path):
    options = {"interface": "axis", "with_scores": False, "levels_per_stage": 2}
    emit_random(tmp_path, 2, features=4, feature_bits=3, layers=LAYERS, classes=3, vectors=300, options=options)
    assert Manifest.read(tmp_path).initiation_interval == 1
    result = cosimulate(tmp_path, gap_probability=0.5)
    assert (result.vectors, result.mismatches, result.accuracy) == (300, 0, 299 / 300)


FAULTS = [
    (r"free <= 4'd8", "free <= 4'd12"),  # more samples on their way than there are places
    (r"m_axis_tvalid <= load \|\| .*?;", "m_axis_tvalid <= load;"),  # a result is not kept
    (r"wire ends = take && \(.*?\);", "wire ends = take && complete;"),  # TLAST does not end a sample
]
MORE_FAULTS = [
    (r"free <= 4'd8", "free <= 4'd2"),  # too few places for a beat in every cycle
    (r"wire load = (.*?) && \(.*?\);", r"wire load = \1;"),  # a result is replaced before it was taken
    (r"sample_last <= s_axis_tlast", "sample_last <= 1'b1"),
    (r"sample_short <= !complete", "sample_short <= 1'b0"),
    (r"sample_valid <= ends && aresetn", "sample_valid <= ends && !sample_valid"),
    (r"take && beat == i", "take && beat <= i + 1"),  # a word is written again
]


@pytest.mark.parametrize(
    ("pattern", "replacement"), [*FAULTS, *(pytest.param(*fault, marks=pytest.mark.long) for fault in MORE_FAULTS)]
)
def test_a_fault_in_the_wrapper_is_found(copy, pattern, replacement):
    edit_verilog(copy, pattern, replacement, name="random_axis.v")
    assert cosimulate(copy, seed=3).mismatches > 0


def test_a_wrong_latency_in_the_manifest_is_found(copy):
    latency = Manifest.read(copy).latency_cycles
    edit_manifest(copy, latency_cycles=latency - 1)
    result = cosimulate(copy)
    assert result.first_mismatch == Mismatch(0, f"latency {latency - 1}", f"latency {latency}")


@pytest.mark.long
@pytest.mark.parametrize("bus_bits", [8, 64])
def test_ten_thousand_vectors(tmp_path, bus_bits):
    options = {"interface": "axis", "bus_bits": bus_bits}
    emit_random(tmp_path, 1, features=8, feature_bits=8, layers=LAYERS, classes=10, vectors=10_000, options=options)
    result = cosimulate(tmp_path)
    assert (result.vectors, result.mismatches) == (10_000, 0)


def test_the_guide_shows_what_the_hardware_does(tmp_path):
    options = {"interface": "axis", "bus_bits": 8, "levels_per_stage": 0}
    emit_random(tmp_path, 1, features=2, feature_bits=8, layers=LAYERS, classes=5, options=options)
    assert Manifest.read(tmp_path).latency_cycles == 4
    assert run_bench(tmp_path, "tests.sim.axis_table_bench") == 1
