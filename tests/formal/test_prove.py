"""Emitted folders: every interface and target is proven, and folders that are none are refused."""

import json
import shutil

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.backends.manifest import hash_file
from warp2hdl.backends.targets import TARGETS
from warp2hdl.backends.verilog import emit
from warp2hdl.errors import ConfigError, FormatError, MismatchError
from warp2hdl.formal.prove import prove
from warp2hdl.ir import interpret, serial


def circuit_of(seed, **options):
    settings = {"features": 6, "feature_bits": 4, "layers": [(36, 6), (30, 4)], "classes": 3, "name": "tiny"}
    return random_circuit(np.random.default_rng(seed), **settings | options)


@pytest.fixture(scope="module")
def circuit():
    return circuit_of(1)


@pytest.fixture(scope="module")
def folder(circuit, tmp_path_factory):
    path = tmp_path_factory.mktemp("emitted")
    emit(circuit, path, reference=circuit)
    return path


def edit(folder, place, old, new):
    """A copy of an emitted folder whose Verilog was edited."""
    path = shutil.copytree(folder, place / "edited")
    verilog = path / "tiny.v"
    text = verilog.read_text()
    assert old in text
    verilog.write_text(text.replace(old, new, 1))
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["tiny.v"] = hash_file(verilog)
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


@pytest.mark.parametrize("target", TARGETS)
def test_targets_are_proven(circuit, tmp_path, target):
    manifest = emit(circuit, tmp_path, target=target)
    proof = prove(tmp_path)
    assert proof.equivalent is True and proof.balanced and not proof.problems
    assert (proof.latency_cycles, proof.registers) == (manifest.latency_cycles, manifest.registers)
    assert (proof.reference, proof.compared, proof.module) == ("circuit.safetensors", "class and scores", "tiny")
    proof.require()


@pytest.mark.parametrize(
    "options",
    [
        {"interface": "raw"},
        {"interface": "axis"},
        {"levels_per_stage": 0},
        {"levels_per_stage": 3, "with_scores": False},
    ],
)
def test_interfaces_are_proven(tmp_path, options):
    circuit = circuit_of(2, skips=True, feature_bits=[1, 2, 8, 3, 4, 4])
    emit(circuit, tmp_path, **options)
    proof = prove(tmp_path)
    assert proof.equivalent is True and proof.balanced, proof.problems
    assert proof.compared == ("class and scores" if options.get("with_scores", True) else "class")


def test_reference_of_the_folder_or_of_the_user(folder, circuit, tmp_path):
    assert prove(folder).reference == "reference.safetensors"
    serial.save(circuit, tmp_path / "same.safetensors")
    assert prove(folder, reference=tmp_path / "same.safetensors").equivalent is True
    other = circuit_of(7)
    serial.save(other, tmp_path / "other.safetensors")
    proof = prove(folder, reference=tmp_path / "other.safetensors")
    words = np.array([proof.counterexample.words], np.uint8)
    assert proof.equivalent is False
    assert proof.counterexample.expected_class == interpret.classify(other, words)[0]
    assert proof.counterexample.actual_scores == interpret.scores(circuit, words)[0].tolist()
    with pytest.raises(MismatchError, match="where class"):
        proof.require()
    serial.save(circuit_of(1, features=5), tmp_path / "foreign.safetensors")
    with pytest.raises(ConfigError, match="other features or classes"):
        prove(folder, reference=tmp_path / "foreign.safetensors")


def test_reset_that_spares_a_valid_bit_is_found(folder, tmp_path):
    bits = json.loads((folder / "manifest.json").read_text())["latency_cycles"]
    zeros = f"rst ? {bits}'h{'0' * -(-bits // 4)}"
    path = edit(folder, tmp_path, zeros, f"rst ? {{{bits - 1}'d0, in_valid}}")
    proof = prove(path)
    assert proof.equivalent is True and not proof.balanced
    with pytest.raises(MismatchError, match="not balanced"):
        proof.require()


def test_limit_is_no_answer(folder):
    proof = prove(folder, timeout_seconds=0.01)
    assert proof.equivalent is None and proof.counterexample is None


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(FormatError, match="does not exist"):
        prove(tmp_path)
    changed = shutil.copytree(folder, tmp_path / "changed")
    (changed / "tiny.v").write_text((changed / "tiny.v").read_text() + "\n")
    with pytest.raises(FormatError, match="was changed after"):
        prove(changed)
    foreign = edit(folder, tmp_path, "module tiny_argmax", "module tiny_argmix")
    with pytest.raises(FormatError, match="which no circuit of warp2hdl has"):
        prove(foreign)
