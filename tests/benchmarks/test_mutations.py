"""Mutants of a tiny circuit: each is decided, and the answer is that of a simulation of all inputs."""

import itertools

import numpy as np
import pytest

from benchmarks.mutations import MUTATIONS, make_mutant, run, verdict
from tests.circuits import random_circuit
from warp2hdl.backends.verilog import emit
from warp2hdl.formal.equal import first_difference
from warp2hdl.formal.interface import make_side
from warp2hdl.formal.pipeline import dissolve
from warp2hdl.formal.prove import prove
from warp2hdl.formal.readback import read_verilog


@pytest.fixture(scope="module")
def circuit():
    rng = np.random.default_rng(4)
    return random_circuit(rng, features=4, feature_bits=3, layers=[(30, 6), (32, 6)], classes=4, name="tiny")


@pytest.fixture(scope="module")
def original(circuit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    emit(circuit, folder)
    return folder


@pytest.mark.parametrize("kind", MUTATIONS)
def test_every_kind_is_decided_and_rightly_so(original, circuit, tmp_path, kind):
    """All 4096 inputs are simulated for the answer that is right."""
    words = np.array(list(itertools.product(range(8), repeat=4)), np.uint8)
    rng = np.random.default_rng(0)
    while not make_mutant(original, tmp_path, kind, rng):
        pass
    proof = prove(tmp_path)
    netlist = read_verilog([tmp_path / "tiny.v"], "tiny", timeout_seconds=60)
    side = make_side(dissolve(netlist, clock="clk", unstaged="rst"), circuit)
    equal = first_difference(side, circuit, words) is None
    assert proof.equivalent is equal
    if not equal:
        shown = np.array([proof.counterexample.words], np.uint8)
        assert first_difference(side, circuit, shown) is not None
    # Votes may come at different times.
    if kind != "votes_swapped":
        assert proof.balanced is (kind != "register_dropped")
    assert verdict(proof) != "undecided"


def test_summary_counts_every_mutant(original):
    found = run(original, count=len(MUTATIONS), seed=3, timeout_seconds=60)
    assert sum(found["verdicts"].values()) == len(MUTATIONS) and "undecided" not in found["verdicts"]
    assert found["verdicts"]["different"] >= 1 and found["by_kind"]["register_dropped"] == {"unbalanced": 1}
    assert set(found["by_kind"]) == set(MUTATIONS)
    assert found["cpu_seconds_max"] >= found["cpu_seconds_median"] > 0
