import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warp2hdl.data.splits import split_count, stratified_split
from warp2hdl.errors import ConfigError


@settings(max_examples=80, deadline=None)
@given(labels=st.lists(st.integers(0, 5), min_size=1, max_size=200), share=st.floats(0, 1), seed=st.integers(0, 9))
def test_every_class_gives_its_share(labels: list[int], share: float, seed: int) -> None:
    y = np.array(labels, np.int64)
    count = round(share * len(y))
    rest, taken = stratified_split(y, count, seed)
    assert np.array_equal(np.sort(np.concatenate([rest, taken])), np.arange(len(y)))
    assert len(taken) == min(count, len(y) - len(np.unique(y)))
    assert set(y[rest]) == set(labels)
    assert (np.diff(rest) > 0).all() and (np.diff(taken) > 0).all()
    sizes = np.bincount(y)
    if len(taken) == count and (sizes[sizes > 0] > count * sizes[sizes > 0] / len(y) + 1).all():
        assert (abs(np.bincount(y[taken], minlength=len(sizes)) - count * sizes / len(y)) <= 1).all()


def test_the_seed_decides() -> None:
    y = np.repeat(np.arange(3), 40)
    first, again, other = (stratified_split(y, 30, seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_a_fraction_out_of_range_is_named(fraction: float) -> None:
    with pytest.raises(ConfigError, match=r"val_fraction is .*; it must lie between 0 and 1"):
        split_count(100, fraction)
