"""The C gives the same classes and scores whatever compiles it, at every batch size."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.backends.test_bits import make
from tests.backends.test_pipeline import random_words
from warp2hdl.backends import c_source
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


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A folder with the sources and the words, and what is expected of them."""
    folder = tmp_path_factory.mktemp("c")
    circuit = make(11, name="net", features=3, feature_bits=(8, 5, 8), layers=[(50, (2, 3, 6)), (30, 4)], skips=True)
    texts = c_source.convert(circuit, "net.h")
    (folder / "net.h").write_text(texts.header)
    (folder / "net.c").write_text(texts.source)
    (folder / "driver.c").write_text(DRIVER)
    words = random_words(circuit, max(BATCHES))
    assert words.dtype == np.uint8 and circuit.groups.score_bits <= 8
    words.tofile(folder / "words")
    return folder, classify(circuit, words), scores(circuit, words)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_classes_and_scores(case, compiler, flags):
    folder, classes, expected = case

    def compile_c(*words):
        done = subprocess.run([compiler, *WARNINGS, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    compile_c(*FLAGS[flags], "-c", "net.c", "-o", "net.o")
    if NEEDED.get(flags, "fpu") not in cpu_flags():
        return  # compiled without a warning, and nothing here runs it
    compile_c("-O1", f"-DLARGEST={max(BATCHES)}", "driver.c", "net.o", "-o", "driver")
    subprocess.run([folder / "driver", *map(str, BATCHES)], cwd=folder, check=True)
    found = np.fromfile(folder / "found", np.uint8)
    parts = [part for batch in BATCHES for part in (classes[:batch], expected[:batch].ravel())]
    assert np.array_equal(found, np.concatenate(parts))
