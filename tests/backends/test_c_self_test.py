import numpy as np

from tests.backends.test_bits import make
from warp2hdl.backends.c_self_test import test_words as make_words


def test_words_stay_within_their_bits_and_hit_every_threshold():
    encoder = make(encoder_bits=6).encoder
    words = make_words(encoder, 400, seed=1)
    assert words.dtype == encoder.word_dtype and words.shape == (400, encoder.features)
    assert np.all(words < 1 << encoder.feature_bits.astype(int))
    for feature, threshold in zip(encoder.bit_feature, encoder.bit_threshold, strict=True):
        assert {threshold - 1, threshold} <= set(words[:, feature].tolist())


def test_words_depend_on_the_seed_alone():
    encoder = make().encoder
    assert np.array_equal(make_words(encoder, 9, 3), make_words(encoder, 9, 3))
    assert not np.array_equal(make_words(encoder, 9, 3), make_words(encoder, 9, 4))
