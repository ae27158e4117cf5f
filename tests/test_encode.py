import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warp2hdl.encode import Encoder, dyadic_thresholds, fit_encoder, fit_words, quantile_thresholds, uniform_thresholds
from warp2hdl.errors import ConfigError, DataError


def test_whole_numbers_stay_as_they_are():
    bits, scale, offset = fit_words(np.array([[0.0, -3, 7], [16, 4, 7]]), 8)
    assert bits.tolist() == [5, 3, 1]
    assert scale.tolist() == [1, 1, 1]
    assert offset.tolist() == [0, -3, 7]


def test_images_share_one_scale():
    pixels = np.array([[0, 3], [255, 3]], np.uint8)
    assert [part.tolist() for part in fit_words(pixels, 8)] == [[8, 8], [1, 1], [0, 0]]
    bits, scale, _ = fit_words(pixels, 4)
    assert (bits.tolist(), scale.tolist()) == ([4, 4], [15 / 255, 15 / 255])


def test_real_features_spread_over_the_words():
    x = np.linspace(-1.5, 2.5, 101)[:, None]
    encoder = fit_encoder(x, 6, 3)
    words = encoder.to_words(x)
    assert (words.min(), words.max()) == (0, 63)
    assert np.all(np.diff(words[:, 0].astype(int)) >= 0)
    # Values never seen in training are clipped, not wrapped.
    assert encoder.to_words(np.array([[-9e9], [9e9]])).flatten().tolist() == [0, 63]


def test_words_follow_the_documented_formula():
    encoder = Encoder(
        np.array([4, 16], np.uint8),
        np.array([2.0, 0.5]),
        np.array([-1.0, 3.0]),
        np.zeros(1, np.int32),
        np.ones(1, np.uint32),
    )
    x = np.array([[0.2, 10.0], [100.0, 2e6], [-5, -5]])
    expected = [[int(np.floor(1.2 * 2 + 0.5)), int(np.floor(7 * 0.5 + 0.5))], [15, 65535], [0, 0]]
    assert encoder.to_words(x).tolist() == expected
    assert encoder.to_words(x).dtype == np.uint16


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
@pytest.mark.parametrize("widths", [(1, 8, 3), (8, 8, 8), (1, 1, 1), (16, 9, 2), (16, 9, 8)])
def test_bytes_and_bits_are_clipped_like_other_numbers(widths, dtype):
    empty = np.zeros(0, np.int32)
    encoder = Encoder(np.array(widths, np.uint8), np.ones(3), np.zeros(3), empty, empty.astype(np.uint32))
    x = np.random.default_rng(0).integers(0, 256, (50, 6)).astype(dtype)[:, ::-2]
    assert np.array_equal(encoder.to_words(x), encoder.to_words(x.astype(np.float64)))


def test_bits_compare_words_with_thresholds():
    encoder = Encoder(
        np.array([3, 3], np.uint8),
        np.ones(2),
        np.zeros(2),
        np.array([0, 0, 1], np.int32),
        np.array([1, 5, 7], np.uint32),
    )
    bits = encoder.to_bits(np.array([[0, 7], [1, 6], [5, 0]], np.uint8))
    assert bits.astype(int).tolist() == [[0, 0, 1], [1, 0, 0], [1, 1, 0]]


def test_thresholds_are_quantiles():
    assert quantile_thresholds(np.arange(256), 3).tolist() == [64, 128, 192]
    assert quantile_thresholds(np.array([0, 9, 9]), 5).tolist() == [9]
    assert quantile_thresholds(np.array([4, 4]), 5).tolist() == []


def test_a_mostly_dark_pixel_keeps_its_share():
    words = np.concatenate([np.zeros(900, int), np.arange(1, 101)])
    cuts = quantile_thresholds(words, 5)
    assert len(cuts) == 5
    assert cuts[0] == 1
    assert np.all(np.abs(np.diff(cuts) - 20) <= 4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=200), st.integers(1, 12))
def test_thresholds_are_distinct_ascending_and_useful(words, count):
    cuts = quantile_thresholds(np.array(words), count)
    assert len(cuts) == min(count, len(set(words)) - 1)
    assert np.all(np.diff(cuts.astype(int)) > 0)
    for cut in cuts:  # both outcomes occur
        assert 0 < np.mean(np.array(words) >= cut) < 1


def test_uniform_thresholds_cut_the_range_into_equal_parts():
    # difflogic's CIFAR-10 bits are value > i / (count + 1), of values that are words / 255.
    for count in (1, 3, 5, 31):
        cuts = uniform_thresholds(255, count)
        words = np.arange(256)
        for i, cut in enumerate(cuts, 1):
            assert np.array_equal(words >= cut, words * (count + 1) > 255 * i)
    assert uniform_thresholds(255, 3).tolist() == [64, 128, 192]
    assert uniform_thresholds(2, 5).tolist() == [1, 2]
    assert uniform_thresholds(0, 5).tolist() == []


def test_pixels_share_uniform_thresholds_and_columns_have_their_own():
    pixels = np.array([[0, 3, 0], [255, 3, 40]], np.uint8)
    encoder = fit_encoder(pixels, 8, 3, "uniform")
    assert encoder.bit_feature.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert encoder.bit_threshold.tolist() == [64, 128, 192] * 3
    table = fit_encoder(np.array([[-2.0, 7, 0], [38, 7, 1]]), 8, 3, "uniform")
    assert table.bit_feature.tolist() == [0, 0, 0, 2]
    assert table.bit_threshold.tolist() == [11, 21, 31, 1]


def test_learned_thresholds_start_from_fixed_ones():
    x = np.random.default_rng(0).exponential(size=(200, 3))
    for learned, fixed in (("learned", "quantile"), ("learned-uniform", "uniform")):
        found, expected = (fit_encoder(x, 8, 4, kind).bit_threshold.tolist() for kind in (learned, fixed))
        assert found == expected


def test_fit_encoder_passes_over_constant_features():
    x = np.array([[1.0, 5], [1, 6], [1, 7]])
    encoder = fit_encoder(x, 8, 4)
    assert encoder.bit_feature.tolist() == [1, 1]
    assert encoder.bit_threshold.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("bits", "thermometer", "message"),
    [
        (0, 4, "feature_bits is 0; it must be 1 to 16."),
        (17, 4, "feature_bits is 17; it must be 1 to 16."),
        (8, 0, "thermometer_bits is 0; it must be at least 1."),
    ],
)
def test_settings_out_of_range(bits, thermometer, message):
    with pytest.raises(ConfigError) as error:
        fit_encoder(np.eye(3), bits, thermometer)
    assert str(error.value) == message


def test_bad_samples():
    with pytest.raises(DataError, match="no feature ever changes"):
        fit_encoder(np.ones((5, 2)), 8, 4)
    with pytest.raises(DataError, match="no feature ever changes"):
        fit_encoder(np.full((5, 2), 7, np.uint8), 8, 4, "uniform")
    with pytest.raises(ConfigError) as refused:
        fit_encoder(np.eye(3), 8, 4, "median")
    message = "thresholds is 'median'; it must be one of quantile, uniform, dyadic, learned, learned-uniform."
    assert str(refused.value) == message
    with pytest.raises(DataError, match=r"^feature 1 runs from -1e\+308 to 1e\+308; scale it down\.$"):
        fit_encoder(np.array([[0.0, 1e308], [1, -1e308]]), 8, 4)
    encoder = fit_encoder(np.eye(3), 8, 4)
    with pytest.raises(DataError, match="row 1, feature 2: nan is not a finite number"):
        encoder.to_words(np.array([[0.0, 0, 0], [0, 0, np.nan]]))
    with pytest.raises(DataError, match=r"the samples have shape \(2, 4\); this circuit takes \[batch, 3\] features"):
        encoder.to_words(np.zeros((2, 4)))


def test_dyadic_thresholds_read_the_fewest_bits():
    assert dyadic_thresholds(8, 255, 1).tolist() == [128]
    assert dyadic_thresholds(8, 255, 2).tolist() == [64, 128]
    assert dyadic_thresholds(8, 255, 7).tolist() == [32, 64, 96, 128, 160, 192, 224]
    assert dyadic_thresholds(8, 100, 3).tolist() == [32, 64, 96]
    assert dyadic_thresholds(2, 3, 9).tolist() == [1, 2, 3]
    assert dyadic_thresholds(5, 0, 3).tolist() == []
