"""The engine `simd` equals `ir.interpret` bit for bit, on every instruction set that this CPU has."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.circuits import random_circuit
from tests.engines.cases import circuits, samples
from warp2hdl import ir
from warp2hdl.engines import network, simd
from warp2hdl.engines.simd import SimdEngine
from warp2hdl.errors import BackendError, ConfigError, DataError
from warp2hdl.kernels import simd_code
from warp2hdl.kernels.simd_target import AVX512, LEVELS, host_level

HERE = LEVELS[LEVELS.index(host_level()) :]
BATCHES = (0, 1, 63, 64, 65, 511, 512, 513, 1537)
TYPES = (np.uint8, np.uint16, np.uint32, np.int8, np.int16, np.int64, np.float32, np.float64)


def assert_equal(engine, x):
    expected = ir.scores(engine.circuit, engine.circuit.encoder.to_words(x))
    assert np.array_equal(engine.scores(x), expected)
    found = engine.predict(x)
    assert found.dtype == np.int64
    assert np.array_equal(found, expected.argmax(axis=1))


def check_random(circuit, seed, level):
    rng = np.random.default_rng(seed)
    engine = SimdEngine(circuit, level=level)
    x = samples(rng, circuit, max(BATCHES), TYPES[seed % len(TYPES)])
    for batch in BATCHES:
        assert_equal(engine, x[:batch])
    assert_equal(engine, np.asfortranarray(x[:700]))


quiet = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("level", HERE)
@settings(quiet, max_examples=20)
@given(circuit=circuits(), seed=st.integers(0, 1000))
def test_random_circuits(level, circuit, seed):
    check_random(circuit, seed, level)


@pytest.mark.long
@pytest.mark.parametrize("level", HERE)
@settings(quiet, max_examples=1000)
@given(circuit=circuits(), seed=st.integers(0, 1000))
def test_a_thousand_random_circuits(level, circuit, seed):
    check_random(circuit, seed, level)


@pytest.fixture(scope="module")
def circuit():
    rng = np.random.default_rng(5)
    shape = {"features": 30, "feature_bits": 8, "layers": [(300, (2, 3)), (200, (2, 6))]}
    return random_circuit(rng, classes=10, skips=True, **shape)


@pytest.fixture(scope="module")
def x(circuit):
    return np.random.default_rng(6).integers(0, 256, (100_003, 30)).astype(np.uint8)


@pytest.mark.parametrize("level", HERE)
@pytest.mark.parametrize("threads", [1, 3])
def test_many_samples(circuit, x, level, threads):
    assert_equal(SimdEngine(circuit, threads, level), x)


LAYOUTS = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "rows apart": lambda x: np.concatenate([x, x], axis=1)[:, : x.shape[1]],
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "features apart": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1],
    "features backwards": lambda x: x[:, ::-1],
    "one sample again and again": lambda x: np.broadcast_to(x[:1], x.shape),
    "read only": lambda x: (x.setflags(write=False), x)[1],
    "a list": lambda x: x[:70].tolist(),
}


@pytest.mark.parametrize("level", HERE)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", np.float16, np.float32])
def test_memory_layouts(circuit, x, layout, dtype, level):
    shaped = LAYOUTS[layout](x[:1100].astype(dtype))
    assert_equal(SimdEngine(circuit, level=level), shaped)


def test_dense_bytes_are_not_copied(circuit, x):
    for dense in (x, np.asfortranarray(x), x[::2]):
        assert simd.dense(dense) is dense


def test_booleans():
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=20, feature_bits=1, layers=[(60, 2)], classes=3)
    assert_equal(SimdEngine(circuit), rng.integers(0, 2, (600, 20)).astype(bool))


def test_several_threads_share_an_engine(circuit, x):
    engine = SimdEngine(circuit, threads=2)
    parts = np.array_split(x[:60_000], 7)
    with ThreadPoolExecutor(7) as pool:
        found = list(pool.map(engine.predict, parts))
    assert np.array_equal(np.concatenate(found), ir.classify(circuit, x[:60_000]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_an_engine_survives_a_fork(circuit, x):
    engine = SimdEngine(circuit, threads=2)
    expected = engine.predict(x)  # its threads run in this process
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lambda: os._exit(not np.array_equal(engine.predict(x), expected)))
    child.start()
    child.join(30)
    ended = not child.is_alive()
    child.kill()
    assert ended and child.exitcode == 0
    assert np.array_equal(engine.predict(x), expected)


@pytest.mark.parametrize("vectors", [1, 2, 3, 8])
def test_any_number_of_vectors_a_block(circuit, x, vectors, monkeypatch):
    monkeypatch.setattr(network, "vectors_of", lambda program, size: vectors)
    for batch in (1, 512 * vectors, 512 * vectors + 1, 5000):
        assert_equal(SimdEngine(circuit), x[:batch])


@pytest.mark.skipif(host_level() not in AVX512, reason="machine code is for AVX-512")
def test_where_no_memory_can_be_executed(circuit, x, monkeypatch):
    def refuse(code):
        raise OSError("not here")

    monkeypatch.setattr(simd_code, "Code", refuse)
    assert_equal(SimdEngine(circuit), x[:3000])


def test_too_many_signals(circuit, monkeypatch):
    monkeypatch.setattr(network, "_MOST_BYTES", 1000)
    with pytest.raises(
        BackendError, match=r"signals at a time, more than the engine simd holds; use the engine numpy\.$"
    ):
        SimdEngine(circuit)


def test_an_instruction_set_that_is_not_there(circuit, monkeypatch):
    monkeypatch.setattr(simd, "host_level", lambda: "none")
    with pytest.raises(ConfigError, match=r"^the instruction set 'avx2' is not on this CPU; its widest is 'none'\.$"):
        SimdEngine(circuit, level="avx2")


@pytest.mark.parametrize("shape", [(5, 29), (5, 31), (30,), (2, 30, 1)])
def test_a_wrong_shape(circuit, shape):
    with pytest.raises(DataError, match=r"this circuit takes \[batch, 30\] features"):
        SimdEngine(circuit).predict(np.zeros(shape, np.uint8))


def test_a_value_that_is_no_number(circuit, x):
    bad = x[:9000].astype(np.float64)
    bad[8123, 4] = np.nan
    with pytest.raises(DataError, match=r"^row 8123, feature 4: nan is not a finite number\.$"):
        SimdEngine(circuit).predict(bad)


def test_scores_above_31_bits(circuit, x):
    groups = replace(circuit.groups, bias=np.full(10, 2**31 - 1))
    assert_equal(SimdEngine(replace(circuit, groups=groups)), x[:600])
