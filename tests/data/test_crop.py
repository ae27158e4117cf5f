import numpy as np
import pytest

from tests.data.real import real
from warp2hdl.data.crop import crop_to_ink
from warp2hdl.data.idx import read_idx
from warp2hdl.errors import DataError


def steps(first: int, last: int) -> int:
    """Where the window starts, by taking blank lines away on both sides one by one, as difflogic does."""
    before, after = min(first, 14), min(last, 14)
    while before + after >= 10:
        before, after = max(before - 1, 0), max(after - 1, 0)
    if before + after == 9:
        before, after = (before - 1, after) if before else (before, after - 1)
    return before


@pytest.mark.parametrize("height", [1, 2, 7, 19, 20])
def test_the_window_is_where_lines_taken_away_one_by_one_leave_it(height: int) -> None:
    images = np.zeros((28 - height + 1, 28, 28), np.uint8)
    for top, image in enumerate(images):
        image[top : top + height, 3:9] = 1 + top
    cropped = crop_to_ink(images, "here")
    assert cropped.shape == (len(images), 20, 20)
    for top, (image, small) in enumerate(zip(images, cropped, strict=True)):
        start = steps(top, 28 - top - height)
        left = steps(3, 28 - 9)
        assert np.array_equal(small, image[start : start + 20, left : left + 20])
        assert small.sum() == image.sum()
        across = crop_to_ink(image.T[None], "here")[0]
        assert np.array_equal(across, small.T)


def test_a_blank_image_keeps_its_middle() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    assert crop_to_ink(image, "here").shape == (1, 20, 20)


def test_what_does_not_fit_is_named() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, 2:23] = 1
    with pytest.raises(DataError, match=r"^here: image 1 has ink over 21 pixels; only digits of up to 20 x 20"):
        crop_to_ink(images, "here")
    with pytest.raises(DataError, match=r"^here has images of 28 x 19 pixels; cropping needs 20 x 20 at least"):
        crop_to_ink(images[:, :, :19], "here")


def test_no_real_digit_loses_ink() -> None:
    images = read_idx(real("mnist") / "t10k-images-idx3-ubyte.gz", 3)
    cropped = crop_to_ink(images, "mnist")
    assert np.array_equal(cropped.sum((1, 2), dtype=np.int64), images.sum((1, 2), dtype=np.int64))
