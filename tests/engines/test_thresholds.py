import numpy as np
import pytest

from tests.circuits import random_encoder
from tests.engines.cases import with_scale
from warp2hdl.engines.thresholds import DIRECT, raw_thresholds


@pytest.mark.parametrize("seed", range(20))
def test_bytes_compare_as_their_words_do(seed):
    rng = np.random.default_rng(seed)
    encoder = with_scale(rng, random_encoder(rng, features=12, feature_bits=rng.integers(1, 17, 12).tolist()))
    x = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 12, axis=1)
    expected = encoder.to_bits(encoder.to_words(x))
    found, possible = raw_thresholds(encoder, np.dtype(np.uint8))
    assert np.array_equal((x[:, encoder.bit_feature] >= found) & possible, expected)


def test_words_keep_their_thresholds():
    rng = np.random.default_rng(0)
    encoder = random_encoder(rng, features=5, feature_bits=16, bits=200)
    found, possible = raw_thresholds(encoder, np.dtype(np.uint16))
    assert np.array_equal(found, encoder.bit_threshold)
    assert possible.all()


@pytest.mark.parametrize("dtype", DIRECT, ids=str)
def test_every_type_has_its_thresholds(dtype):
    rng = np.random.default_rng(0)
    encoder = with_scale(rng, random_encoder(rng, features=40, feature_bits=rng.integers(1, 17, 40).tolist()))
    found, possible = raw_thresholds(encoder, dtype)
    assert found.dtype == dtype

    def bits(values):
        x = np.zeros((1, 40), dtype)
        results = []
        for value, feature, number in zip(values, encoder.bit_feature, range(encoder.bits), strict=True):
            x[0, feature] = value
            results.append(encoder.to_bits(encoder.to_words(x))[0, number])
        return np.array(results)

    assert np.array_equal(bits(found), possible)
    if dtype.kind == "f":
        below = np.nextafter(found, dtype.type(-np.inf))
    else:
        below = np.maximum(found, np.iinfo(dtype).min + 1) - dtype.type(1)
    lower = below < found
    assert not bits(below)[lower].any()
