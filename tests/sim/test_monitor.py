import itertools

import pytest
from cocotb.types import Logic, LogicArray

from tests.sim.fakes import step, stream_dut
from warp2hdl.sim import monitor as monitor_module
from warp2hdl.sim.monitor import RawMonitor, Result, StreamMonitor


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(monitor_module, "get_sim_time", lambda unit: next(ticks))


@pytest.fixture
def watched(monkeypatch):
    """A design, its monitor, and the monitor's background task."""
    tasks = []
    monkeypatch.setattr(monitor_module.cocotb, "start_soon", tasks.append)
    dut = stream_dut()
    monitor = StreamMonitor(dut)
    monitor.start()
    step(tasks[0])
    return dut, monitor, tasks[0]


def put(dut, valid, class_id, scores):
    dut.out_valid.value = Logic(valid)
    dut.out_class.value = LogicArray(class_id)
    dut.out_scores.value = LogicArray(scores)


def test_results_are_kept_where_valid_is_high(watched):
    dut, monitor, task = watched
    for outputs in [("1", "10", "0011"), ("0", "11", "1111"), ("1", "01", "1000")]:
        put(dut, *outputs)
        step(task)
    assert monitor.results == [Result(0, 2, 3), Result(1, 1, 8)]
    assert monitor.cycles == 3


def test_undefined_values_become_none(watched):
    dut, monitor, task = watched
    for outputs in [("1", "X0", "0011"), ("1", "10", "0X11"), ("X", "10", "0011")]:
        put(dut, *outputs)
        step(task)
    assert [result[1:] for result in monitor.results] == [(None, 3), (2, None), (None, 3)]


def test_a_design_without_scores():
    dut = stream_dut()
    del dut.out_scores
    monitor = RawMonitor(dut)
    monitor.sample()
    assert monitor.results == [Result(0, 0, None)]
