import numpy as np
import pytest
import torch

from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn.windows import Windows, encoded_image_rows


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 0), (3, 2, 1), (2, 2, 1), (5, 3, 2), (1, 1, 0)])
def test_rows_are_those_of_unfold(size, stride, padding):
    shape = (2, 7, 6)
    windows = Windows(shape, size, stride, padding)
    rows = torch.arange(84).reshape(shape)
    # Unfold pads with 0, so count from 1.
    expected = torch.nn.functional.unfold((rows + 1.0)[None], size, padding=padding, stride=stride)[0] - 1
    found = windows.rows(rows)
    assert torch.equal(found.flatten(0, 1), expected.long())
    assert found.shape[2] == windows.out_size[0] * windows.out_size[1]


def test_encoded_pixels_become_channels():
    images = np.random.default_rng(0).integers(0, 256, (200, 2, 3, 4)).astype(np.uint8)
    encoder = fit_encoder(images.reshape(200, -1), 8, 3)
    rows = encoded_image_rows(encoder, (2, 3, 4))
    assert rows.shape == (6, 3, 4)
    assert sorted(rows.flatten().tolist()) == list(range(encoder.bits))
    for channel in range(6):
        feature = np.arange(24).reshape(2, 3, 4)[channel // 3]
        assert np.array_equal(encoder.bit_feature[rows[channel].numpy()], feature)
    thresholds = encoder.bit_threshold[rows.numpy()].reshape(2, 3, 3, 4)
    assert (np.diff(thresholds.astype(int), axis=1) > 0).all()


def test_samples_that_are_no_images():
    encoder = fit_encoder(np.random.default_rng(0).random((50, 6)), 8, 2)
    assert encoded_image_rows(encoder, None) is None
    assert encoded_image_rows(encoder, (6,)) is None
    assert encoded_image_rows(encoder, (3, 2)).shape == (2, 3, 2)


def test_pixels_with_few_thresholds():
    # Pixels of 0, 1, 2 and 4 thresholds; the encoder's bits are in no order.
    feature, threshold = [3, 2, 3, 1, 3, 2, 3], [9, 8, 3, 5, 1, 2, 7]
    encoder = Encoder(
        np.full(4, 4, np.uint8), np.ones(4), np.zeros(4), np.array(feature, np.int32), np.array(threshold, np.uint32)
    )
    rows = encoded_image_rows(encoder, (2, 2))
    assert rows.shape == (4, 2, 2)
    assert rows.reshape(4, 4).t().tolist() == [[-1] * 4, [3] * 4, [5, 5, 1, 1], [4, 2, 6, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4, 4), 2, 1, 0), "in_shape is (4, 4); it must be (channels, height, width), each at least 1."),
        (((1, 4, 4), 0, 1, 0), "the windows' size is 0; it must be at least 1."),
        (((1, 4, 4), 2, 0, 0), "the windows' stride is 0; it must be at least 1."),
        (((1, 4, 4), 2, 1, -1), "the windows' padding is -1; it must be at least 0."),
        (((1, 4, 4), 2, 1, 2), "padding is 2; it must be below the windows' size, 2."),
        (
            ((1, 3, 9), 6, 1, 1),
            "windows of 6 x 6 do not fit into 3 x 9 pixels with a padding of 1; make them smaller.",
        ),
    ],
)
def test_bad_windows(arguments, message):
    with pytest.raises(ConfigError) as error:
        Windows(*arguments)
    assert str(error.value) == message
