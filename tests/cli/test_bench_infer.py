"""`warp2hdl bench infer`."""

import re

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import fails, run, run_json
from warp2hdl import ir
from warp2hdl.cli import bench_infer

QUICK = ("--images", 700, "--seconds", 0.01)


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=12, feature_bits=[3, 8, 16] * 4, layers=[(60, 3)], classes=3)
    ir.save(circuit, tmp_path / "circuit.safetensors")
    return tmp_path


@pytest.mark.parametrize("engine", ["simd", "numpy"])
def test_a_circuit_is_measured(path, engine):
    found = run_json("bench", "infer", path, *QUICK, "--engine", engine)
    assert (found["engine"], found["threads"], found["images"], found["nodes"]) == (engine, 1, 700, 60)
    assert found["bytes_per_image"] == 24
    low, high = found["images_per_second_range"]
    assert 0 < low <= found["images_per_second"] <= high
    assert 0 < found["images_per_cpu_second"] <= found["images_per_cpu_second_best"]
    assert found["setup_seconds"] >= 0
    assert {"device", "commit"} <= set(found)
    assert {"python", "warp2hdl", "numpy", "llvmlite"} <= set(found["versions"])


def test_people_see_four_lines(path):
    stdout, stderr = run("bench", "infer", path, *QUICK, "--threads", 2)
    assert stdout == ""
    assert re.search(r"^speed +[\d,]+ images a second, [\d,]+ to [\d,]+ by block$", stderr, re.MULTILINE)
    assert re.search(r"^setup +[\d.]+ s for 60 look-ups$", stderr, re.MULTILINE)
    assert ", 2 threads, load " in stderr


def test_words_fit_their_features(path):
    circuit = ir.load(path / "circuit.safetensors")
    words = bench_infer.random_words(circuit, 3000)
    assert words.dtype == np.uint16
    widths = circuit.encoder.feature_bits
    assert (words >> widths == 0).all()
    assert (words >> (widths - 1) == 1).any(axis=0).all()


def test_what_cannot_be_measured(path):
    assert fails("bench", "infer", path, "--engine", "tpu").startswith("there is no engine 'tpu'; choose one of ")
    message = "--threads is for the engine simd; leave it out with --engine numpy."
    assert fails("bench", "infer", path, "--engine", "numpy", "--threads", 2) == message
