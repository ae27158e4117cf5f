import itertools
from types import SimpleNamespace

import pytest

from tests.sim.fakes import Signal
from warp2hdl.sim import axis_watch
from warp2hdl.sim.axis_watch import HandshakeMonitor


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(axis_watch, "get_sim_time", lambda unit: next(ticks))
    monkeypatch.setattr(axis_watch, "RisingEdge", lambda signal: None)


def watch(*cycles):
    """A monitor that saw (valid, ready, data, last) in each cycle."""
    bus = SimpleNamespace(tdata=Signal(8), tvalid=Signal(1), tready=Signal(1), tlast=Signal(1))
    monitor = HandshakeMonitor(bus, Signal(1))
    for valid, ready, data, last in cycles:
        bus.tdata.value, bus.tlast.value = data, last
        monitor._look(bool(valid), bool(ready))
    return monitor


def test_a_beat_is_handed_over_where_both_sides_agree():
    monitor = watch((1, 0, 5, 0), (1, 1, 5, 0), (0, 1, 9, 1), (0, 0, 7, 0), (1, 1, 6, 1))
    assert monitor.times == [0, 1]
    assert monitor.broken is None


@pytest.mark.parametrize(
    ("after", "broken"),
    [
        ((0, 1, 5, 0), "tvalid fell before the beat was taken"),
        ((1, 1, 4, 0), "tdata changed before the beat was taken"),
        ((1, 0, 5, 1), "tlast changed before the beat was taken"),
    ],
)
def test_what_is_offered_must_stay(after, broken):
    assert watch((1, 0, 5, 0), after, (1, 0, 1, 0), (0, 0, 0, 0)).broken == broken


def test_what_was_taken_may_change():
    assert watch((1, 1, 5, 0), (0, 0, 4, 0), (1, 1, 3, 1)).broken is None
