"""The engine `triton` equals the interpreter, here in Triton's interpreter where there is no GPU."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.circuits import random_circuit
from tests.cli.running import python
from warp2hdl import ir
from warp2hdl.engines import make
from warp2hdl.ir import Groups

BATCHES = (0, 1, 63, 64, 65, 511, 513)


def circuit_of(seed=0, **options):
    given = {"features": 5, "feature_bits": (1, 3, 8, 4, 8), "classes": 3, "layers": [(30, (2, 4)), (21, 3)]}
    return random_circuit(np.random.default_rng(seed), **(given | options))


def words_for(circuit, batch, seed=0):
    tops = (1 << circuit.encoder.feature_bits.astype(np.int64)) - 1
    words = np.random.default_rng(seed).integers(0, tops + 1, (batch, circuit.encoder.features))
    return words.astype(circuit.encoder.word_dtype)


def check(circuit, *batches):
    engine = make(circuit, "triton")
    for batch in batches:
        words = words_for(circuit, batch)
        scores = ir.scores(circuit, words)
        found = engine.scores(words)
        assert found.dtype == np.int64 and np.array_equal(found, scores)
        found = engine.predict(words)
        assert found.dtype == np.int64 and np.array_equal(found, ir.classify(circuit, words))


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    arities=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    classes=st.integers(2, 6),
    depth=st.integers(0, 3),
    skips=st.booleans(),
    batch=st.sampled_from(BATCHES),
)
def test_random_circuits(seed, arities, classes, depth, skips, batch):
    layers = [(13, tuple(arities))] * depth
    check(circuit_of(seed, layers=layers, classes=classes, skips=skips), batch)


@pytest.mark.long
@settings(max_examples=1000, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    arities=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    width=st.integers(1, 40),
    classes=st.integers(2, 6),
    depth=st.integers(0, 4),
    skips=st.booleans(),
    batch=st.sampled_from(BATCHES),
)
def test_many_random_circuits(seed, arities, width, classes, depth, skips, batch):
    layers = [(width, tuple(arities))] * depth
    check(circuit_of(seed, layers=layers, classes=classes, skips=skips), batch)


def test_batches_and_parts(monkeypatch):
    monkeypatch.setattr("warp2hdl.engines.gpu._BUFFER_BYTES", 1)
    check(circuit_of(1, skips=True), *BATCHES, 1025)


def test_words_of_sixteen_bits_and_features_of_any_type():
    circuit = circuit_of(2, feature_bits=(16, 9, 1, 12, 16))
    check(circuit, 70)
    x = words_for(circuit, 70)
    engine = make(circuit, "triton")
    wide = np.zeros((140, 10))
    wide[::2, ::-2] = x
    for same in (wide[::2, ::-2], np.asfortranarray(x), x.tolist()):
        assert np.array_equal(engine.predict(same), ir.classify(circuit, x))
    x.flags.writeable = False
    assert np.array_equal(engine.predict(x), ir.classify(circuit, x))


def test_scores_wider_than_a_word():
    circuit = circuit_of(3, classes=2)
    groups = Groups(circuit.groups.offsets, np.array([2**31 - 1, 2**31 - 2], np.int64))
    check(replace(circuit, groups=groups), 65)


def test_rows_are_used_again():
    circuit = circuit_of(4, layers=[(40, 4)] * 8)
    assert make(circuit, "triton")._rows < 40 * 3
    check(circuit, 40)


def test_a_machine_without_a_gpu_says_so(tmp_path):
    program = (
        "import numpy as np, sys\n"
        "from warp2hdl import engines, ir\n"
        "from warp2hdl.errors import ToolNotFoundError\n"
        "try:\n    engines.make(ir.load(sys.argv[1]), 'triton')\n"
        "except ToolNotFoundError as error:\n    print(error)\n"
    )
    ir.save(circuit_of(), tmp_path / "c.safetensors")
    environment = {**os.environ, "TRITON_INTERPRET": "0", "CUDA_VISIBLE_DEVICES": ""}
    done = python("-c", program, tmp_path / "c.safetensors", env=environment)
    assert done.stdout.startswith("the engine triton needs a CUDA GPU and the package triton"), done.stderr
