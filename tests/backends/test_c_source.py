"""The C compiles without a warning, and equals the interpreter."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.backends.test_bits import make
from tests.backends.test_pipeline import random_words
from warp2hdl.backends import c_source
from warp2hdl.backends.c_batch import PART_STATEMENTS
from warp2hdl.errors import BackendError
from warp2hdl.ir.circuit import Groups
from warp2hdl.ir.interpret import classify, scores

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
HOSTILE = 'a*/ b/* ??/ "c" \\\n# é %s @test'

SHAPES = {
    "all that the IR allows": {"layers": [(40, (1, 2, 3, 4, 5, 6)), (30, 6)], "skips": True},
    "300 classes": {"layers": [(330, 2)], "classes": 300, "skips": True},
    "narrow words": {"feature_bits": (1, 3, 8, 5, 4), "layers": [(60, 5)], "classes": 10},
    "no layer": {"layers": [], "encoder_bits": 9},
    "constants alone": {"layers": [(4, 0)], "classes": 2},
}

# Reads words as text and prints classes and scores, by samples and by the batch.
DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include "net.h"
int main(int argc, char **argv)
{
    size_t n = (size_t)atoi(argv[1]), i;
    int c;
    static uint8_t bytes[NET_SAMPLE_BYTES];
    static uint64_t words[NET_BATCH_WORDS];
    net_word *x = malloc((n * NET_FEATURES + 1) * sizeof *x);
    net_class *y = malloc((n + 1) * sizeof *y), alone;
    net_score *s = malloc((n * NET_CLASSES + 1) * sizeof *s), own[NET_CLASSES];
    for (i = 0; i < n * NET_FEATURES; i++) { unsigned v; if (scanf("%u", &v) != 1) return 2; x[i] = (net_word)v; }
    y[n] = 77; s[n * NET_CLASSES] = 77;
    net_classify_batch(x, n, words, y, s);
    if (y[n] != 77 || s[n * NET_CLASSES] != 77) return 3;
    for (i = 0; i < n; i++) {
        alone = net_classify(x + i * NET_FEATURES, bytes, own);
        printf("%u %u", (unsigned)y[i], (unsigned)alone);
        for (c = 0; c < NET_CLASSES; c++) printf(" %u %u", (unsigned)s[i * NET_CLASSES + c], (unsigned)own[c]);
        printf("\\n");
    }
    free(x); free(y); free(s);
    return argc != 2;
}
"""


def compile_c(folder: Path, *arguments: str, flags=FLAGS) -> None:
    done = subprocess.run(["gcc", *flags, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def write(folder: Path, circuit):
    texts = c_source.convert(circuit, "net.h")
    (folder / "net.h").write_text(texts.header, encoding="ascii")
    (folder / "net.c").write_text(texts.source, encoding="ascii")
    return texts


def self_test(folder: Path):
    compile_c(folder, "-O1", "-DWARP2HDL_SELF_TEST", "net.c", "-o", "net")
    return subprocess.run([folder / "net"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_own_vectors_and_the_self_test(shape, tmp_path):
    circuit = make(7, name="net", **SHAPES[shape])
    write(tmp_path, circuit)
    assert self_test(tmp_path).stdout == "net: 70 vectors, 0 mismatches\n"
    (tmp_path / "driver.c").write_text(DRIVER)
    compile_c(tmp_path, "-O1", "-fsanitize=address,undefined", "net.c", "driver.c", "-o", "driver")
    for count in (0, 1, 63, 64, 65, 200):
        words = random_words(circuit, count)
        text = " ".join(map(str, words.ravel().tolist()))
        done = subprocess.run([tmp_path / "driver", str(count)], input=text, capture_output=True, text=True, check=True)
        found = [list(map(int, line.split())) for line in done.stdout.splitlines()]
        expected = np.column_stack([classify(circuit, words), scores(circuit, words)])
        assert found == np.repeat(expected, 2, axis=1).tolist()


def test_large_biases(tmp_path):
    circuit = make(name="net", layers=[(9, 3)], classes=3)
    groups = Groups(np.array([0, 4, 4, 9], np.int64), np.array([2**31 - 4, 2**31 - 1, 70_000], np.int64))
    write(tmp_path, replace(circuit, groups=groups))
    assert self_test(tmp_path).stdout == "net: 70 vectors, 0 mismatches\n"


def test_the_self_test_finds_an_inverted_look_up(tmp_path):
    circuit = make(name="net")
    source = write(tmp_path, circuit).source
    tables = circuit.network.tables.copy()
    tables[-1] ^= np.uint64(0xFF)
    other = c_source.convert(replace(circuit, network=replace(circuit.network, tables=tables)), "net.h").source
    # The logic of one with the expectations of the other.
    marker = "#ifdef WARP2HDL_SELF_TEST"
    (tmp_path / "net.c").write_text(source.partition(marker)[0] + marker + other.partition(marker)[2])
    done = self_test(tmp_path)
    assert done.returncode == 1 and "140 mismatches" in done.stdout


def test_each_function_can_be_left_out_and_cpp_may_include_the_header(tmp_path):
    write(tmp_path, make(name="net"))
    for left_out, kept in (("NET_NO_SAMPLE", "net_classify_batch"), ("NET_NO_BATCH", "net_classify")):
        compile_c(tmp_path, f"-D{left_out}", "-c", "net.c", "-o", "net.o")
        symbols = subprocess.run(["nm", "-g", "net.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert [line.split()[-1] for line in symbols.splitlines()] == [kept]
    (tmp_path / "user.cc").write_text('#include "net.h"\nint main() { return net_classify(0, 0, 0); }\n')
    compile_c(tmp_path, "-c", "user.cc", flags=["-Wall", "-Wextra", "-Werror", "-pedantic"])


def test_nothing_can_be_written_between_calls(tmp_path):
    write(tmp_path, make(name="net", layers=[(300, 4)]))
    compile_c(tmp_path, "-O1", "-c", "net.c", "-o", "net.o")
    sections = subprocess.run(["size", "-A", "net.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sizes = {line.split()[0]: int(line.split()[1]) for line in sections.splitlines() if line.startswith(".")}
    assert sizes[".data"] == sizes[".bss"] == 0


def test_hostile_names_do_not_reach_the_code(tmp_path):
    circuit = make(name="net", classes=2)
    metadata = replace(circuit.metadata, class_names=(HOSTILE, "b"), feature_names=(HOSTILE,) * 5)
    write(tmp_path, replace(circuit, metadata=metadata))
    assert self_test(tmp_path).stdout == "net: 70 vectors, 0 mismatches\n"


def test_functions_stay_small_and_lines_short():
    source = c_source.convert(make(layers=[(400, 6), (300, 2)]), "net.h").source
    assert max(map(len, source.splitlines())) <= 120
    parts = [part.partition("\n}\n")[0] for part in source.split("static void part_")[1:]]
    assert len(parts) > 10
    assert max(part.count(";") for part in parts) <= PART_STATEMENTS


def test_the_same_circuit_gives_the_same_bytes():
    assert c_source.convert(make(), "net.h") == c_source.convert(make(), "net.h")


@pytest.mark.parametrize("name", ['a"b.h', "a b.h", "ä.h", ""])
def test_file_names_that_no_include_can_hold(name):
    with pytest.raises(BackendError, match=r"cannot stand in an #include; use letters, digits and \._\+- in --out\."):
        c_source.convert(make(), name)


def test_header_path():
    assert c_source.header_path(Path("a/net.v2.c")) == Path("a/net.v2.h")
    with pytest.raises(
        BackendError, match=r"^a/net\.h is no name of a C source; give --out a file that ends in \.c\.$"
    ):
        c_source.header_path(Path("a/net.h"))
