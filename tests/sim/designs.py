"""Emitted designs for tests, and faults to put into them."""

import json
import re

import numpy as np

from tests.circuits import random_circuit
from warp2hdl.backends.manifest import Manifest, hash_file
from warp2hdl.backends.verilog import emit
from warp2hdl.ir import interpret
from warp2hdl.sim.vectors import random_vectors

EVERY_WIDTH = list(range(1, 17))


def emit_random(folder, seed, *, vectors=200, features=16, feature_bits=EVERY_WIDTH, options=None, **circuit_options):
    """Emits a random circuit with labels that are right but for the first; returns circuit and words."""
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, features=features, feature_bits=feature_bits, **circuit_options)
    words = random_vectors(circuit.encoder, vectors, seed)
    labels = interpret.classify(circuit, words)
    labels[0] = (labels[0] + 1) % circuit.groups.classes
    emit(circuit, folder, vectors=(words, labels), **(options or {}))
    return circuit, words


def ties(circuit, words):
    """How many vectors have two classes with the highest score."""
    ordered = np.sort(interpret.scores(circuit, words), axis=1)
    return int((ordered[:, -1] == ordered[:, -2]).sum())


def edit_verilog(folder, pattern, replacement, name="random.v"):
    """Changes one place of the Verilog, and the manifest's hash with it."""
    path = folder / name
    text, found = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
    assert found == 1, pattern
    path.write_text(text)
    files = Manifest.read(folder, check_files=False).files
    edit_manifest(folder, files=files | {path.name: hash_file(path)})


def edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
