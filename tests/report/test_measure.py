"""CPU time, wall time and memory of a repeated step."""

import time

from warp2hdl.kernels.memory import keep_freed
from warp2hdl.report import measure
from warp2hdl.report.measure import Memory, StepCosts, measure_steps


def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_steps_are_counted_and_blocks_are_told():
    calls, told = [], []

    def prepare():
        calls.append("prepared")
        return lambda: calls.append("step")

    costs = measure_steps(prepare, steps=4, blocks=3, warm_up=2, on_block=told.append)
    assert calls == ["prepared", *(14 * ["step"])]
    assert told == [0, 1, 2]
    assert len(costs.cpu_ms) == len(costs.wall_ms) == 3


def test_cpu_time_is_that_of_a_step_and_sleep_is_wall_time_alone():
    def step():
        busy(0.004)
        time.sleep(0.01)

    costs = measure_steps(lambda: step, steps=3, blocks=3, warm_up=0)
    assert all(4 <= cpu < 9 for cpu in costs.cpu_ms)
    assert all(wall >= cpu + 9 for cpu, wall in zip(costs.cpu_ms, costs.wall_ms, strict=True))


def test_set_up_is_the_preparation_and_the_warm_up():
    def prepare():
        time.sleep(0.02)
        return lambda: time.sleep(0.01)

    costs = measure_steps(prepare, steps=1, blocks=1, warm_up=3)
    assert costs.setup_seconds >= 0.05
    assert costs.wall_ms[0] < 1e3 * costs.setup_seconds


def test_json_has_the_median_and_the_range():
    costs = StepCosts((3.0, 1.0, 2.0), (5.0, 4.0, 60.0), 1.234, 12.34, 123.45)
    assert costs.to_json() == {
        "cpu_ms_per_step": 2.0,
        "cpu_ms_range": [1.0, 3.0],
        "wall_ms_per_step": 5.0,
        "wall_ms_range": [4.0, 60.0],
        "setup_seconds": 1.23,
        "peak_mb": 12.3,
        "process_peak_mb": 123.5,
    }


def test_memory_that_was_taken_and_freed_counts_once():
    before = bytearray(64 << 20)
    before[::4096] = b"x" * len(before[::4096])
    del before
    memory = Memory()
    taken = bytearray(32 << 20)
    taken[::4096] = b"x" * len(taken[::4096])
    del taken
    assert 31 <= memory.peak_mb() < 40
    assert memory.process_peak_mb() >= 64 + memory.peak_mb() - 40


def test_step_that_keeps_memory_shows_in_the_peak():
    kept = []

    def prepare():
        kept.append(b"x" * (8 << 20))
        return lambda: kept.append(b"x" * (8 << 20))

    costs = measure_steps(prepare, steps=1, blocks=2, warm_up=1)
    assert 31 <= costs.peak_mb < 40


def test_without_the_files_of_linux_the_peak_is_that_of_getrusage(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "_STATUS", tmp_path / "none")
    memory = Memory()
    assert memory.process_peak_mb() >= measure._peak() / (1 << 20) > 10
    assert 0 <= memory.peak_mb() < memory.process_peak_mb()


def test_memory_kept_for_later_does_not_hide_what_is_taken():
    keep_freed()
    freed = bytearray(64 << 20)
    freed[::4096] = b"x" * len(freed[::4096])
    del freed
    memory = Memory()
    taken = bytearray(32 << 20)
    taken[::4096] = b"x" * len(taken[::4096])
    assert 31 <= memory.peak_mb() < 40
