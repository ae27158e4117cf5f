"""Windows over images: which input rows a receptive field reads at each position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError


@dataclass(frozen=True)
class Windows:
    """Square windows at regular steps over an image with a border of zeros.

    Attributes:
        in_shape: `(channels, height, width)` of the image.
        size: height and width of a window.
        stride: pixels from one window to the next.
        padding: width of the border.

    Raises:
        ConfigError: a number out of range, or windows that the padded image cannot hold.
    """

    in_shape: tuple[int, int, int]
    size: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        if len(self.in_shape) != 3 or min(self.in_shape) < 1:
            raise ConfigError(f"in_shape is {self.in_shape}; it must be (channels, height, width), each at least 1.")
        for name, value, low in (("size", self.size, 1), ("stride", self.stride, 1), ("padding", self.padding, 0)):
            if value < low:
                raise ConfigError(f"the windows' {name} is {value}; it must be at least {low}.")
        if self.padding >= self.size:
            raise ConfigError(f"padding is {self.padding}; it must be below the windows' size, {self.size}.")
        _, height, width = self.in_shape
        if self.size > min(height, width) + 2 * self.padding:
            raise ConfigError(
                f"windows of {self.size} x {self.size} do not fit into {height} x {width} pixels with a padding of "
                f"{self.padding}; make them smaller."
            )

    @property
    def out_size(self) -> tuple[int, int]:
        """How many windows there are, down and across."""
        _, height, width = self.in_shape
        down, across = ((n + 2 * self.padding - self.size) // self.stride + 1 for n in (height, width))
        return down, across

    def rows(self, image_rows: torch.Tensor) -> torch.Tensor:
        """The rows that every place of a window reads at every position.

        Args:
            image_rows: the row of each pixel `[channels, height, width]`, -1 for a constant zero.

        Returns:
            `[channels, size * size, positions]`, -1 in the border.
        """
        framed = torch.nn.functional.pad(image_rows, (self.padding,) * 4, value=-1)
        windows = framed.unfold(1, self.size, self.stride).unfold(2, self.size, self.stride)
        return windows.permute(0, 3, 4, 1, 2).reshape(len(framed), self.size**2, -1)


def encoded_image_rows(encoder: Encoder, image_shape: Sequence[int] | None) -> torch.Tensor | None:
    """Where an image's thermometer bits are among the encoder's: a channel for each threshold of each channel.

    A pixel that has fewer thresholds than others gives each of its bits to several channels; one that has none is 0.

    Args:
        encoder: the encoder of the flattened image.
        image_shape: ends in height and width; what the features are a multiple of that are channels. None, or a
            single number, where the samples are no images.

    Returns:
        int64 `[channels * thresholds, height, width]`, numbers of encoder bits, -1 for a constant zero; or None.
    """
    if image_shape is None or len(image_shape) < 2:
        return None
    counts = np.bincount(encoder.bit_feature, minlength=encoder.features)
    order = np.lexsort((encoder.bit_threshold, encoder.bit_feature))
    most = int(counts.max())
    ranks = np.arange(most) * counts[:, None] // most
    first = np.cumsum(counts) - counts
    found = np.full(ranks.shape, -1, np.int64)
    some = counts > 0
    found[some] = order[(first[:, None] + ranks)[some]]
    height, width = image_shape[-2:]
    rows = torch.from_numpy(found).reshape(-1, height, width, most)
    return rows.permute(0, 3, 1, 2).reshape(-1, height, width)
