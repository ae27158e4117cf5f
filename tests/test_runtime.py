import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl import ir, runtime
from warp2hdl.errors import DataError


@pytest.fixture
def circuit():
    return random_circuit(np.random.default_rng(0), features=9, feature_bits=4, layers=[(30, 3)], classes=3)


@pytest.mark.parametrize("engine", ["simd", "numpy"])
@pytest.mark.parametrize("folder", [True, False])
def test_a_saved_circuit_classifies(circuit, tmp_path, engine, folder):
    ir.save(circuit, tmp_path / "circuit.safetensors")
    x = np.random.default_rng(1).integers(0, 16, (200, 9)).astype(np.uint8)
    model = runtime.load(tmp_path if folder else tmp_path / "circuit.safetensors", engine=engine)
    words = circuit.encoder.to_words(x)
    assert np.array_equal(model.predict(x), ir.classify(circuit, words))
    assert np.array_equal(model.scores(x), ir.scores(circuit, words))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"circuit\.safetensors is not a file"):
        runtime.load(tmp_path)
