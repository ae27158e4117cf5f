"""Feature words to mini-batches of bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.encode import Encoder


class Bits:
    """Encodes batches of feature words on the fly.

    Args:
        encoder: the encoder.
        words: `[samples, features]`.
        image_shape: `(height, width)` or `(channels, height, width)` of a sample, needed to shift images.
    """

    def __init__(
        self, encoder: Encoder, words: npt.NDArray[np.unsignedinteger], image_shape: tuple[int, ...] | None = None
    ) -> None:
        self._words = torch.from_numpy(words.astype(np.uint8 if encoder.word_dtype == np.uint8 else np.int32))
        self._feature = torch.from_numpy(encoder.bit_feature.astype(np.int64))
        self._threshold = torch.from_numpy(encoder.bit_threshold.astype(np.int64)).to(self._words.dtype)
        self._top = torch.from_numpy((1 << encoder.feature_bits.astype(np.int64)) - 1)
        self._image_shape = image_shape

    def __len__(self) -> int:
        return len(self._words)

    def take(self, rows: torch.Tensor | slice, *, shift: tuple[int, int] = (0, 0), jitter: int = 0) -> torch.Tensor:
        """Bits uint8 `[batch, bits]` of some samples.

        Args:
            rows: which samples.
            shift: moves their images by (down, right) pixels; zeros move in.
            jitter: every word changes by a random whole number from `-jitter` to `jitter`, within its width.
        """
        words = self._words[rows]
        if shift != (0, 0) and self._image_shape is not None:
            words = _shifted(words.reshape(len(words), -1, *self._image_shape[-2:]), *shift).reshape(words.shape)
        if jitter:
            moved = words + torch.randint(-jitter, jitter + 1, words.shape)
            words = torch.minimum(moved.clamp_(min=0), self._top).to(words.dtype)
        return (words[:, self._feature] >= self._threshold).to(torch.uint8)

    def chunks(self, size: int = 2048) -> Iterator[torch.Tensor]:
        """All samples in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))


def _shifted(images: torch.Tensor, down: int, right: int) -> torch.Tensor:
    moved = torch.zeros_like(images)
    height, width = images.shape[-2:]
    moved[..., max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
        ..., max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved
