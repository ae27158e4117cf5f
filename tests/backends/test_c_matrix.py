"""The C gives the same classes and scores whatever compiles it, at every batch size."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backends.test_bits import make
from tests.backends.test_pipeline import random_words
from warp2hdl.backends import c_source
from warp2hdl.backends.c_text import unsigned
from warp2hdl.ir.interpret import classify, scores

BATCHES = (0, 1, 63, 64, 65, 511, 513, 100_003)
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
FLAGS = {
    "no vectors": ["-O2", "-mgeneral-regs-only"],
    "plain": ["-O0"],
    "avx2": ["-O3", "-mavx2"],
    "avx512": ["-O3", "-mavx512f", "-mavx512bw", "-mprefer-vector-width=512"],
}
NEEDED = {"avx2": "avx2", "avx512": "avx512bw"}

# Reads all words, and writes for each batch size the classes and then the scores; compares with one sample at a time.
DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include "net.h"
int main(int argc, char **argv)
{
    static net_word x[LARGEST * NET_FEATURES];
    static net_class y[LARGEST + 1];
    static net_score s[(LARGEST + 1) * NET_CLASSES];
    static uint64_t words[NET_BATCH_WORDS];
    static uint8_t bytes[NET_SAMPLE_BYTES];
    int a;
    size_t i, wrong = 0;
    FILE *in = fopen("words", "rb"), *out = fopen("found", "wb");
    if (!in || !out || fread(x, sizeof *x * NET_FEATURES, LARGEST, in) != LARGEST) return 2;
    for (a = 1; a < argc; a++) {
        const size_t n = (size_t)atol(argv[a]);
        y[n] = 77; s[n * NET_CLASSES] = 77;
        net_classify_batch(x, n, words, y, s);
        if (y[n] != 77 || s[n * NET_CLASSES] != 77) return 3;
        for (i = 0; i < n; i++) wrong += net_classify(x + i * NET_FEATURES, bytes, NULL) != y[i];
        fwrite(y, sizeof *y, n, out);
        fwrite(s, sizeof *s * NET_CLASSES, n, out);
    }
    fclose(out);
    return wrong != 0;
}
"""


def cpu_flags():
    return set(Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("flags")[2].partition("\n")[0].split())


def check(folder, circuit, compiler, flags, batches):
    """Compiles the circuit's C, and runs it where the CPU can."""
    texts = c_source.convert(circuit, "net.h")
    (folder / "net.h").write_text(texts.header)
    (folder / "net.c").write_text(texts.source)
    (folder / "driver.c").write_text(DRIVER)

    def compile_c(*words):
        done = subprocess.run([compiler, *WARNINGS, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    compile_c(*FLAGS[flags], "-c", "net.c", "-o", "net.o")
    if NEEDED.get(flags, "fpu") not in cpu_flags():
        return
    compile_c("-O1", f"-DLARGEST={max(batches)}", "driver.c", "net.o", "-o", "driver")
    words = random_words(circuit, max(batches))
    words.tofile(folder / "words")
    subprocess.run([folder / "driver", *map(str, batches)], cwd=folder, check=True)
    groups = circuit.groups
    kinds = [np.dtype(unsigned(top)[:-2]) for top in (groups.classes - 1, (1 << groups.score_bits) - 1)]
    expected = [classify(circuit, words), scores(circuit, words)]
    parts = [
        each[:batch].astype(kind).tobytes() for batch in batches for each, kind in zip(expected, kinds, strict=True)
    ]
    assert (folder / "found").read_bytes() == b"".join(parts)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_batches(tmp_path, compiler, flags):
    circuit = make(11, name="net", features=3, feature_bits=(8, 5, 8), layers=[(50, (2, 3, 6)), (30, 4)], skips=True)
    check(tmp_path, circuit, compiler, flags, BATCHES)


@pytest.mark.long
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("compiler", COMPILERS)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    widths=st.lists(st.integers(1, 16), min_size=1, max_size=5),
    arities=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    nodes=st.integers(1, 40),
    classes=st.integers(2, 300),
    depth=st.integers(0, 3),
    skips=st.booleans(),
)
def test_random_circuits(tmp_path, compiler, flags, seed, widths, arities, nodes, classes, depth, skips):
    layers = [(nodes, tuple(arities))] * depth
    options = {"features": len(widths), "feature_bits": widths, "layers": layers, "classes": classes, "skips": skips}
    check(tmp_path, make(seed, name="net", **options), compiler, flags, BATCHES[:-1])
