import itertools
from types import SimpleNamespace

import pytest

from tests.sim.fakes import Edge, Signal, step, stream_dut
from warp2hdl.sim import driver as driver_module
from warp2hdl.sim.driver import RawDriver, StreamDriver


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(driver_module, "get_sim_time", lambda unit: next(ticks))


def drive(samples, **options):
    """What stands on the inputs at each edge: (valid, features)."""
    dut = stream_dut()
    driver = StreamDriver(dut, **options)
    sending = driver.send(samples)
    seen = []
    while not step(sending):
        seen.append((int(dut.in_valid.value), int(dut.in_features.value)))
    return driver, dut, seen


def test_without_gaps_one_sample_an_edge():
    driver, dut, seen = drive([3, 1, 2], gap_probability=0)
    assert seen == [(1, 3), (1, 1), (1, 2)]
    assert driver.sent == [0, 1, 2]
    assert int(dut.in_valid.value) == 0


def test_gaps_are_as_frequent_as_asked_for_and_hold_junk():
    samples = [7] * 500
    _, _, seen = drive(samples, gap_probability=0.5, seed=3)
    junk = [features for valid, features in seen if not valid]
    assert [features for valid, features in seen if valid] == samples
    assert 0.4 < len(junk) / len(seen) < 0.6
    assert len(set(junk)) > 100


def test_the_seed_decides_gaps_and_junk():
    assert drive(range(50), seed=5)[2] == drive(range(50), seed=5)[2]
    assert drive(range(50), seed=5)[2] != drive(range(50), seed=6)[2]


def test_idle_keeps_valid_low_and_the_features_moving():
    dut = stream_dut(features=64)
    idle = StreamDriver(dut).idle(3)
    seen = []
    while not step(idle):
        seen.append((int(dut.in_valid.value), dut.in_features.value))
    assert [valid for valid, _ in seen] == [0, 0, 0]
    assert len({features for _, features in seen}) == 3


def test_raw_driver_looks_at_the_outputs_after_each_sample_has_settled(monkeypatch):
    monkeypatch.setattr(driver_module, "Timer", lambda time, unit: Edge())
    dut = SimpleNamespace(in_features=Signal(8))
    seen = []
    sending = RawDriver(dut).send([4, 9], lambda: seen.append(dut.in_features.value))
    assert not step(sending)
    assert seen == []
    assert not step(sending)
    assert seen == [4]
    assert step(sending)
    assert seen == [4, 9]
