import os
import threading

import pytest

from warp2hdl.engines.pool import Pool


def test_a_process_keeps_its_threads():
    pool, names = Pool(1), []
    for _ in range(3):
        pool.submit(lambda: names.append(threading.current_thread().name)).result(5)
    assert len(set(names)) == 1
    assert names[0] != threading.current_thread().name


def test_another_process_has_threads_of_its_own(monkeypatch):
    pool, found = Pool(1), []
    pool.submit(lambda: found.append(threading.get_ident())).result(5)
    process = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    for _ in range(2):
        pool.submit(lambda: found.append(threading.get_ident())).result(5)
    assert found[0] != found[1] == found[2]


def test_errors_come_back():
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        Pool(2).submit(fail).result(5)
