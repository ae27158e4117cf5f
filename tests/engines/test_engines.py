import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl import engines, ir
from warp2hdl.errors import ConfigError


@pytest.fixture
def circuit():
    return random_circuit(np.random.default_rng(0), features=9, feature_bits=4, layers=[(30, 3)], classes=3)


@pytest.mark.parametrize("name", ["numpy", "simd"])
def test_an_engine_equals_the_definition(circuit, name):
    x = np.random.default_rng(1).integers(0, 16, (200, 9))
    engine = engines.make(circuit, name, threads=2)
    assert engine.circuit is circuit
    words = circuit.encoder.to_words(x)
    assert np.array_equal(engine.predict(x), ir.classify(circuit, words))
    assert np.array_equal(engine.scores(x), ir.scores(circuit, words))


def test_an_engine_that_is_none(circuit):
    with pytest.raises(ConfigError, match=r"^there is no engine 'fpga'; choose one of numpy, simd, "):
        engines.make(circuit, "fpga")


def test_too_few_threads(circuit):
    with pytest.raises(ConfigError, match=r"^the number of threads is 0; it must be at least 1\.$"):
        engines.make(circuit, "simd", threads=0)
