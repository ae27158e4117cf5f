import numpy as np
import pytest

from tests.circuits import random_encoder
from tests.engines.cases import with_scale
from warp2hdl.engines.thresholds import raw_thresholds


@pytest.mark.parametrize("seed", range(20))
def test_bytes_compare_as_their_words_do(seed):
    rng = np.random.default_rng(seed)
    encoder = with_scale(rng, random_encoder(rng, features=12, feature_bits=rng.integers(1, 17, 12).tolist()))
    x = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 12, axis=1)
    expected = encoder.to_bits(encoder.to_words(x))
    found = raw_thresholds(encoder, np.dtype(np.uint8))
    assert np.array_equal(x[:, encoder.bit_feature] >= found, expected)
    assert found.min() >= 0
    assert found.max() <= 256


def test_words_keep_their_thresholds():
    rng = np.random.default_rng(0)
    encoder = random_encoder(rng, features=5, feature_bits=16, bits=200)
    assert np.array_equal(raw_thresholds(encoder, np.dtype(np.uint16)), encoder.bit_threshold)
