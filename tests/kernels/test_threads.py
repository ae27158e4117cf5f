import threading

import pytest

from warp2hdl.kernels import threads


@pytest.fixture(autouse=True)
def restored():
    yield
    threads.set(1)


def test_ranges_cover_whole_units():
    threads.set(3)
    assert threads.split(100, 16) == [(0, 32), (32, 64), (64, 100)]
    assert threads.split(10, 16) == [(0, 10)]
    assert threads.split(4) == [(0, 1), (1, 2), (2, 4)]
    threads.set(1)
    assert threads.split(100) == [(0, 100)]


def test_parts_run_at_the_same_time():
    threads.set(3)
    meeting = threading.Barrier(3, timeout=10)
    threads.run([lambda: meeting.wait() and None] * 3)


def test_a_failing_part_is_heard_of():
    threads.set(2)
    with pytest.raises(ZeroDivisionError):
        threads.run([lambda: None, lambda: 1 / 0])


def test_at_least_one():
    with pytest.raises(ValueError, match=r"the number of threads is 0; it must be at least 1."):
        threads.set(0)


def test_parts_share_the_threads():
    threads.set(5)
    counts = []
    threads.run([lambda: counts.append(threads.get())] * 2)
    assert counts == [2, 2]
    assert threads.get() == 5
    threads.run([lambda: counts.append(threads.get())])
    assert counts[-1] == 5


def test_parts_within_parts():
    threads.set(4)
    done = []

    def part():
        threads.run([lambda at=at: done.append(at) for at, _ in threads.split(10)])

    threads.run([part, part])
    assert sorted(done) == [0, 0, 5, 5]


def test_fewer_ranges_than_threads():
    threads.set(4)
    assert threads.split(100, 16, 2) == [(0, 48), (48, 100)]
