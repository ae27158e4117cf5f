"""Mini-batches of feature words, or of bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.encode import Encoder
from warp2hdl.nn.thresholds import Thresholds, at_least


class Words:
    """Batches of feature words, for networks that learn their thresholds.

    Args:
        encoder: the encoder.
        words: `[samples, features]`.
        image_shape: `(height, width)` or `(channels, height, width)` of a sample, needed to shift images.
        device: where the words lie and batches are made.
    """

    def __init__(
        self,
        encoder: Encoder,
        words: npt.NDArray[np.unsignedinteger],
        image_shape: tuple[int, ...] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        # torch compares and selects no uint16.
        held = words.astype(np.uint8 if encoder.word_dtype == np.uint8 else np.int32)
        self._words = torch.from_numpy(held).to(device)
        self._top = torch.from_numpy(((1 << encoder.feature_bits.astype(np.int64)) - 1).astype(np.int32)).to(device)
        self._image_shape = image_shape

    def __len__(self) -> int:
        return len(self._words)

    def take(
        self, rows: torch.Tensor | slice, *, shift: tuple[int, int] = (0, 0), affine: bool = False, jitter: int = 0
    ) -> torch.Tensor:
        """One batch: here words uint8 or int32 `[batch, features]`, in `Bits` bits uint8 `[batch, bits]`.

        Args:
            rows: which samples.
            shift: moves their images by (down, right) pixels; zeros move in.
            affine: turns, scales, shears and moves each image a little, at random (`distorted`).
            jitter: every word changes by a random whole number from `-jitter` to `jitter`, within its width.
        """
        if isinstance(rows, slice):
            words = self._words[rows]
        else:
            words = self._words.index_select(0, rows.to(self._words.device))
        if shift != (0, 0) and self._image_shape is not None:
            words = _shifted(words.reshape(len(words), -1, *self._image_shape[-2:]), *shift).reshape(words.shape)
        if affine and self._image_shape is not None:
            images = words.reshape(len(words), -1, *self._image_shape[-2:])
            words = torch.minimum(distorted(images).reshape(words.shape), self._top).to(words.dtype)
        if jitter:
            # Drawn on the CPU, so that a seed means the same on every device.
            change = torch.randint(-jitter, jitter + 1, words.shape, dtype=torch.int32).to(words.device)
            words = torch.minimum(change.add_(words).clamp_(min=0), self._top).to(words.dtype)
        return words

    def chunks(self, size: int = 2048) -> Iterator[torch.Tensor]:
        """All samples in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))


class Bits(Words):
    """Batches of the encoder's bits, made from words on the fly; arguments as of `Words`."""

    def __init__(
        self,
        encoder: Encoder,
        words: npt.NDArray[np.unsignedinteger],
        image_shape: tuple[int, ...] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(encoder, words, image_shape, device)
        self._feature = torch.from_numpy(encoder.bit_feature.astype(np.int64)).to(device)
        self._threshold = torch.from_numpy(encoder.bit_threshold.astype(np.int64)).to(self._words)

    def take(
        self, rows: torch.Tensor | slice, *, shift: tuple[int, int] = (0, 0), affine: bool = False, jitter: int = 0
    ) -> torch.Tensor:
        """Bits uint8 `[batch, bits]`, arguments as of `Words.take`.

        The layers want signals as rows: the result is the transposed view of a contiguous `[bits, batch]`.
        """
        words = super().take(rows, shift=shift, affine=affine, jitter=jitter)
        return at_least(words, self._feature, self._threshold).view(torch.uint8).t()


def batches_for(model: torch.nn.Sequential) -> type[Words]:
    """What a model takes: `Words` where `Thresholds` come first, else `Bits`."""
    return Words if isinstance(model[0], Thresholds) else Bits


_ANGLE = 0.18  # radians
_SCALE, _SHEAR, _MOVE = 0.1, 0.1, 0.05  # shares of an image's size


def distorted(images: torch.Tensor) -> torch.Tensor:
    """Each image through an affine map of its own, near the identity: `[batch, channels, height, width]` -> int32.

    Angle, scale, shear and move are uniform within 10 degrees and a tenth (moves: a twentieth) of the image's size,
    drawn from torch's global generator on the CPU, so that a seed means the same on every device. Pixels are
    interpolated and rounded; zeros move in.
    """
    draw = 2 * torch.rand(5, len(images)) - 1
    angle, scale, shear = _ANGLE * draw[0], 1 + _SCALE * draw[1], _SHEAR * draw[2]
    move = 2 * _MOVE * draw[3:]  # images reach from -1 to 1
    rows = (
        torch.stack([angle.cos() * scale, shear - angle.sin() * scale, move[0]], 1),
        torch.stack([angle.sin() * scale, angle.cos() * scale, move[1]], 1),
    )
    functional = torch.nn.functional
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False).to(images.device)
    return functional.grid_sample(images.float(), grid, align_corners=False).round_().to(torch.int32)


def _shifted(images: torch.Tensor, down: int, right: int) -> torch.Tensor:
    moved = torch.zeros_like(images)
    height, width = images.shape[-2:]
    moved[..., max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
        ..., max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved
