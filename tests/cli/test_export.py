"""`warp2hdl export`: each format, and outputs that cannot be."""

import resource
import subprocess

import numpy as np
import pytest

from tests.circuits import random_circuit
from tests.cli.running import contents, fails, program, python, run, run_json
from warp2hdl import ir
from warp2hdl.backends import aiger, blif, c_source, export
from warp2hdl.cli import export as command


@pytest.fixture(scope="module")
def circuit():
    return random_circuit(
        np.random.default_rng(1), features=3, feature_bits=4, layers=[(12, 3)], classes=3, name="tiny"
    )


@pytest.fixture
def circuit_file(circuit, tmp_path):
    ir.save(circuit, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_formats_are_those_of_the_back_end():
    assert command.FORMATS == export.FORMATS


def test_c_is_a_source_and_its_header(circuit, circuit_file, tmp_path):
    out = tmp_path / "there" / "net.c"
    found = run_json("export", circuit_file, "--format", "c", "--out", out)
    texts = c_source.convert(circuit, "net.h")
    assert contents(out.parent) == {"net.c": texts.source.encode(), "net.h": texts.header.encode()}
    assert found["files"] == [str(out), str(out.with_suffix(".h"))]
    assert found["bytes"] == len(texts.source) + len(texts.header) and found["seconds"] > 0


@pytest.mark.parametrize("file_format", ["blif", "aiger"])
def test_netlists_are_one_file(circuit, circuit_file, tmp_path, file_format):
    out = tmp_path / "net"
    found = run_json("export", circuit_file, "--format", file_format, "--out", out)
    expected = blif.convert(circuit).encode() if file_format == "blif" else aiger.convert(circuit)
    assert out.read_bytes() == expected
    assert (found["files"], found["bytes"]) == ([str(out)], len(expected))


def test_people_can_paste_the_self_test(circuit_file, tmp_path):
    stdout, stderr = run("export", circuit_file, "--format", "c", "--out", tmp_path / "net.c")
    assert stdout == ""
    assert f"written    {tmp_path / 'net.c'}, {tmp_path / 'net.h'}\n" in stderr
    line = next(line for line in stderr.splitlines() if line.startswith("check")).partition("cc ")
    done = subprocess.run("".join(line[1:]), shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "tiny: 70 vectors, 0 mismatches\n"


def test_a_run_can_be_exported(run_folder, tmp_path):
    found = run_json("export", run_folder, "--format", "c", "--out", tmp_path / "digits.c")
    assert found["bytes"] > 10_000
    assert "accuracy  " in (tmp_path / "digits.h").read_text()


def test_c_must_end_in_c(circuit_file, tmp_path):
    out = tmp_path / "net.txt"
    message = fails("export", circuit_file, "--format", "c", "--out", out)
    assert message == f"{out} is no name of a C source; give --out a file that ends in .c."
    message = fails("export", circuit_file, "--format", "c", "--out", tmp_path / 'a"b.c')
    assert message == "'a\"b.h' cannot stand in an #include; use letters, digits and ._+- in --out."
    assert list(tmp_path.iterdir()) == [circuit_file]


def test_out_that_is_a_folder_is_refused(circuit_file, tmp_path):
    assert fails("export", circuit_file, "--format", "blif", "--out", tmp_path).endswith(
        "is a folder; give --out a file."
    )


def test_missing_circuit(tmp_path):
    assert "does not exist" in fails("export", tmp_path / "x", "--format", "c", "--out", tmp_path / "x.c")


def test_full_disk_keeps_both_old_files(circuit_file, tmp_path):
    out = tmp_path / "c" / "net.c"
    out.parent.mkdir()
    out.write_text("old source")
    out.with_suffix(".h").write_text("old header")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))  # the header fits, the source does not

    found = program("export", circuit_file, "--format", "c", "--out", out, preexec_fn=limit)
    assert found.returncode == 2
    assert found.stderr.endswith(
        f"cannot write {out}: File too large; free some space or choose another place with --out.\n"
    )
    assert contents(out.parent) == {"net.c": b"old source", "net.h": b"old header"}


def test_nothing_heavy_is_loaded(circuit_file, tmp_path):
    words = ["export", str(circuit_file), "--format", "c", "--out", str(tmp_path / "net.c")]
    code = f"import sys; from warp2hdl.cli import cli\ntry: cli.main({words})\nexcept SystemExit as e: print(e.code)\n"
    found = python("-c", f"{code}print(sorted({{'torch', 'llvmlite', 'amaranth', 'pyosys'}} & set(sys.modules)))")
    assert found.stdout.splitlines() == ["0", "[]"], found.stderr
