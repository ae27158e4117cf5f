import subprocess

import pytest

from benchmarks.export_c import measure
from tests.backends.test_bits import make


def test_a_small_circuit(tmp_path):
    found = measure(make(name="net"), ["gcc"], tmp_path)
    (compiler,) = (key for key in found if key.startswith("gcc "))
    assert (found["name"], found["nodes"]) == ("net", 51) and found["source_bytes"] > 1000
    for run in found[compiler].values():
        assert run["self_test"] == "net: 70 vectors, 0 mismatches"
        assert run["samples_per_second"] > 0 and run["compile_seconds"] > 0
    assert list(found[compiler]) == ["-O0", "-O1", "-O2"]


def test_a_warning_ends_it(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        measure(make(name="net"), ["gcc -Wunused-macros -Wtraditional"], tmp_path)
