from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.circuits import random_encoder
from warp2hdl.errors import DataError
from warp2hdl.sim.vectors import load_vectors, pack, pack_scores, random_vectors, unpack_rows

ENCODER = random_encoder(np.random.default_rng(0), features=3, feature_bits=[1, 4, 8])


@settings(max_examples=50)
@given(st.lists(st.integers(1, 16), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_packed_rows_are_the_fields_side_by_side(widths, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 1 << np.array(widths), (5, len(widths)))
    lsbs = np.cumsum(widths) - widths
    expected = [sum(int(v) << int(lsb) for v, lsb in zip(row, lsbs, strict=True)) for row in values]
    assert unpack_rows(pack(values, lsbs, widths, sum(widths))) == expected


def test_scores_are_packed_with_class_0_lowest():
    assert unpack_rows(pack_scores(np.array([[1, 2, 3]]), 6)) == [1 | 2 << 6 | 3 << 12]


def test_many_rows_are_packed_like_few():
    values = np.random.default_rng(1).integers(0, 256, (2500, 2))
    assert unpack_rows(pack(values, [0, 8], [8, 8], 16)) == (values[:, 0] + 256 * values[:, 1]).tolist()


def test_random_words_fit_and_straddle_every_threshold():
    words = random_vectors(ENCODER, 2000, seed=1)
    assert words.dtype == ENCODER.word_dtype
    assert (words >> ENCODER.feature_bits == 0).all()
    for feature, threshold in zip(ENCODER.bit_feature, ENCODER.bit_threshold, strict=True):
        assert {int(threshold) - 1, int(threshold)} <= set(words[:, feature].tolist())
    assert len(set(words[:, 2].tolist())) > 200
    np.testing.assert_array_equal(words, random_vectors(ENCODER, 2000, seed=1))


def test_the_order_of_the_comparators_does_not_matter():
    order = np.random.default_rng(2).permutation(ENCODER.bits)
    shuffled = replace(ENCODER, bit_feature=ENCODER.bit_feature[order], bit_threshold=ENCODER.bit_threshold[order])
    words = random_vectors(shuffled, 2000, seed=1)
    assert (words >> ENCODER.feature_bits == 0).all()
    # The 8-bit feature's words are uniform in one half of the cases, at its thresholds in the other.
    wanted = ENCODER.bit_threshold[ENCODER.bit_feature == 2].astype(int)
    at_edge = np.isin(words[:, 2], [*wanted, *(wanted - 1)])
    assert 0.45 < at_edge.mean() < 0.65


@pytest.fixture
def vectors(tmp_path):
    def write(**arrays):
        path = tmp_path / "vectors.npz"
        np.savez(path, **arrays)
        return path

    return write


def test_load_gives_the_first_vectors(vectors):
    words = random_vectors(ENCODER, 10, seed=0)
    path = vectors(words=words, labels=np.arange(10))
    found, labels = load_vectors(path, ENCODER, 4)
    np.testing.assert_array_equal(found, words[:4])
    np.testing.assert_array_equal(labels, np.arange(4))
    assert len(load_vectors(path, ENCODER, None)[0]) == 10


def test_without_vectors_the_remedy_is_named(tmp_path):
    with pytest.raises(DataError, match=r"vectors\.npz does not exist; name an \.npz with words and labels\.$"):
        load_vectors(tmp_path / "vectors.npz", ENCODER, None)


@pytest.mark.parametrize(
    ("words", "labels", "message"),
    [
        (np.zeros((2, 4), np.uint8), np.zeros(2, int), r"`words` is uint8 \[2, 4\]"),
        (np.zeros((2, 3)), np.zeros(2, int), r"`words` is float64"),
        (np.zeros((0, 3), np.uint8), np.zeros(0, int), r"`words` is uint8 \[0, 3\]"),
        (np.zeros((2, 3), np.uint8), np.zeros(1, int), r"`labels` is int64 \[1\]"),
        (np.array([[1, 15, 0], [0, 16, 0]], np.uint8), np.zeros(2, int), r"row 1, feature 1: 16 does not fit in 4"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vectors, words, labels, message):
    with pytest.raises(DataError, match=message):
        load_vectors(vectors(words=words, labels=labels), ENCODER, None)


def test_damaged_vectors_are_refused(vectors, tmp_path):
    path = vectors(words=np.zeros((500, 3), np.uint8), labels=np.zeros(500, int))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="cannot be read as test vectors"):
        load_vectors(path, ENCODER, None)
    np.savez(path, words=np.array([object()]), labels=np.zeros(1, int))
    with pytest.raises(DataError, match="cannot be read as test vectors"):
        load_vectors(path, ENCODER, None)
