"""`warp2hdl bench`: what it reports, and the networks that it measures."""

import json
import re

import numpy as np
import pytest

from tests.cli.running import fails, program, run, run_json
from warp2hdl import ir
from warp2hdl.backends.targets import TARGETS
from warp2hdl.cli import bench, bench_emit
from warp2hdl.cli.random_circuit import random_circuit

MACHINE = {"device", "cores", "load_average", "versions", "commit", "date"}
SMALL = ("--inputs", 30, "--layers", "40,20", "--arity", 3)
QUICK = (*SMALL, "--batch", 7, "--steps", 2, "--blocks", 3)


def test_training_step_is_reported():
    found = run_json("bench", "train", *QUICK, "--threads", 1)
    assert set(found) >= MACHINE
    assert {"python", "warp2hdl", "torch", "numpy"} <= set(found["versions"])
    assert (found["inputs"], found["layers"], found["arity"], found["classes"]) == (30, [40, 20], 3, 10)
    assert (found["batch"], found["threads"], found["steps"], found["blocks"]) == (7, 1, 2, 3)
    for clock in ("cpu", "wall"):
        low, high = found[f"{clock}_ms_range"]
        assert 0 < low <= found[f"{clock}_ms_per_step"] <= high
    # torch alone is over 100 MiB; the network is nothing beside it.
    assert 0 <= found["peak_mb"] < found["process_peak_mb"] - 100


def test_people_see_a_table_and_the_memory():
    stdout, stderr = run("bench", "train", *QUICK, "--data", "real")
    assert stdout == ""
    assert stderr.startswith("network    30 -> 40 -> 20 -> 10, 3 inputs a look-up, walsh, soft\n")
    assert re.search(r"^ CPU +[\d.]+ +[\d.]+ +[\d.]+ *$", stderr, re.MULTILINE)
    assert re.search(r"^memory +\d+ MiB above the imports, \d+ MiB in all$", stderr, re.MULTILINE)
    assert "3 x 2 steps of 7 samples on 1 thread, after " in stderr


@pytest.mark.parametrize("relaxation", ["multilinear", "difflogic"])
def test_other_relaxations_are_measured(relaxation):
    words = ["--layers", "20", "--inputs", 8, "--batch", 2, "--steps", 1, "--blocks", 1, "--relaxation", relaxation]
    found = run_json("bench", "train", *words, "--sampling", "hard")
    assert (found["relaxation"], found["sampling"]) == (relaxation, "hard")


def test_memory_holds_the_parameters_of_the_network():
    words = ["--layers", 20_000, "--arity", 6, "--steps", 1, "--blocks", 1]
    found = json.loads(program("bench", "train", *words, "--json").stdout)
    # Coefficients, their gradients and Adam's two moments: 4 x 20,000 x 64 x 4 bytes.
    assert 19.5 < found["peak_mb"] < found["process_peak_mb"] - 100


def test_bad_networks_are_refused():
    message = "--layers ends with 15, which does not divide into 10 classes; make the last width a multiple of 10."
    assert fails("bench", "train", "--layers", "20,15") == message
    assert fails("bench", "emit", "--layers", "20,15") == message
    for text in ("20,x", "20,,20", "0", ""):
        found = run_json("bench", "train", "--layers", text, code=2)["error"]["message"]
        assert found == f"Invalid value for '--layers': {text!r} is no list of widths, such as 8000,8000,8000."
    assert "relaxation is 'odd'; it must be one of " in fails("bench", "train", *QUICK, "--relaxation", "odd")
    message = fails("bench", "train", *QUICK, "--threads", 100_000)
    assert re.fullmatch(r"--threads is 100000; this machine offers 1 to \d+\.", message)


def test_networks_are_described_in_short():
    assert bench.network_in_words(784, (8000,) * 6, 10) == "784 -> 6 x 8000 -> 10"
    assert bench.network_in_words(4, (8, 8, 3, 8), 2) == "4 -> 2 x 8 -> 3 -> 8 -> 2"


def test_emission_is_reported():
    found = run_json("bench", "emit", *SMALL, "--target", "xilinx")
    assert set(found) >= MACHINE
    assert {"amaranth", "pyosys"} <= set(found["versions"])
    assert (found["nodes"], found["layers"], found["arity"], found["target"]) == (60, [40, 20], 3, "xilinx")
    assert found["verilog_bytes"] > 60 * 20
    assert found["seconds"] > 0 and found["cpu_seconds"] > 0
    assert 0 < found["peak_mb"] < found["process_peak_mb"]


def test_emission_is_shown_to_people():
    stdout, stderr = run("bench", "emit", *SMALL)
    assert stdout == ""
    assert stderr.startswith("network    30 -> 40 -> 20 -> 10, 3 inputs a look-up\n")
    assert re.search(r"^verilog +60 look-ups, 0\.\d\d MB$", stderr, re.MULTILINE)


def test_targets_are_those_of_the_back_end():
    (option,) = [option for option in bench_emit.command.params if option.name == "target"]
    assert tuple(option.type.choices) == tuple(TARGETS)


@pytest.mark.parametrize("arity", [1, 2, 4, 6])
def test_random_circuits_are_valid_and_read_every_signal(arity):
    circuit = random_circuit(12, (24, 30), arity, 5, seed=arity)
    ir.verify(circuit)
    network = circuit.network
    assert network.nodes == 54 and set(network.arities) == {arity}
    assert network.depth == 2
    assert set(network.fanins[: 24 * arity]) == set(range(12))
    assert set(network.fanins[24 * arity :]) == set(range(12, 36))
    entries = 1 << arity
    assert all(0 < int(table) < (1 << entries) - 1 for table in network.tables)
    again = random_circuit(12, (24, 30), arity, 5, seed=arity)
    assert np.array_equal(again.network.fanins, network.fanins) and again.sha256 == circuit.sha256
