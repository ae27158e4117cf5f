"""The part of the C source that checks it: vectors with the classes and scores that the interpreter finds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from warp2hdl.backends.c_text import Names, array
from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit
from warp2hdl.ir.interpret import classify, scores

VECTORS = 70
"""More than one block of 64, and not a multiple of eight."""

_PROGRAM = """
#ifndef @NET_NO_SAMPLE
static unsigned test_samples(void)
{
    static uint8_t workspace[@NET_SAMPLE_BYTES];
    unsigned wrong = 0, i, c;
    for (i = 0; i < TEST_VECTORS; i++) {
        const @net_word *features = test_features + (size_t)i * @NET_FEATURES;
        @net_score scores[@NET_CLASSES];
        int same = @net_classify(features, workspace, NULL) == test_classes[i];
        same &= @net_classify(features, workspace, scores) == test_classes[i];
        for (c = 0; c < @NET_CLASSES; c++)
            same &= scores[c] == test_scores[(size_t)i * @NET_CLASSES + c];
        wrong += !same;
    }
    return wrong;
}
#endif

#ifndef @NET_NO_BATCH
static unsigned test_batch(void)
{
    static uint64_t workspace[@NET_BATCH_WORDS];
    static @net_score scores[TEST_VECTORS * @NET_CLASSES];
    static @net_class classes[TEST_VECTORS], alone[TEST_VECTORS];
    unsigned wrong = 0, i, c;
    @net_classify_batch(test_features, TEST_VECTORS, workspace, classes, scores);
    @net_classify_batch(test_features, TEST_VECTORS, workspace, alone, NULL);
    for (i = 0; i < TEST_VECTORS; i++) {
        int same = classes[i] == test_classes[i] && alone[i] == test_classes[i];
        for (c = 0; c < @NET_CLASSES; c++)
            same &= scores[(size_t)i * @NET_CLASSES + c] == test_scores[(size_t)i * @NET_CLASSES + c];
        wrong += !same;
    }
    return wrong;
}
#endif

int main(void)
{
    unsigned wrong = 0;
#ifndef @NET_NO_SAMPLE
    wrong += test_samples();
#endif
#ifndef @NET_NO_BATCH
    wrong += test_batch();
#endif
    printf("@net: %d vectors, %u mismatches\\n", TEST_VECTORS, wrong);
    return wrong != 0;
}
"""


def test_words(encoder: Encoder, count: int, seed: int) -> npt.NDArray[np.unsignedinteger]:
    """Feature words `[count, features]`: every other row anything, the rest right at and below thresholds."""
    rng = np.random.default_rng(seed)
    tops = 1 << encoder.feature_bits.astype(np.int64)
    words = rng.integers(0, tops, (count, encoder.features))
    order = np.argsort(encoder.bit_feature, kind="stable")
    bounds = np.searchsorted(encoder.bit_feature[order], np.arange(encoder.features + 1))
    compared = np.flatnonzero(np.diff(bounds))
    picks = order[rng.integers(bounds[compared], bounds[compared + 1], (len(words[1::2]), len(compared)))]
    words[1::2, compared] = encoder.bit_threshold[picks] - rng.integers(0, 2, picks.shape)
    return words.astype(encoder.word_dtype)


def self_test_code(circuit: Circuit, names: Names) -> str:
    """A `main` that exits with 0 if both functions agree with the interpreter on all vectors."""
    words = test_words(circuit.encoder, VECTORS, seed=0)
    name = names.lower
    tables = [
        array("test_features", words.ravel().tolist(), f"{name}_word"),
        array("test_classes", classify(circuit, words).tolist(), f"{name}_class"),
        array("test_scores", scores(circuit, words).ravel().tolist(), f"{name}_score"),
    ]
    head = f"#include <stdio.h>\n\n#define TEST_VECTORS {VECTORS}\n\n"
    return head + "\n".join(tables) + "\n" + names.fill(_PROGRAM)
