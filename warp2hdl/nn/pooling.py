"""Logical OR over windows of an image."""

from __future__ import annotations

from typing import overload

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn.packed import PackBitsTensor, require_evaluation
from warp2hdl.nn.windows import Windows


class OrPool2d(torch.nn.Module):
    """Logical OR over windows, channel by channel, with zeros around the image.

    In training the OR is the maximum, as in convolutional logic gate networks (arXiv 2411.04732): its gradient goes to
    the largest input alone, the first among equals. Takes `[batch, channels, height, width]` or the same flat, gives
    float32 flat `[batch, channels * down * across]`, in evaluation exactly 0 or 1.

    Args:
        in_shape: `(channels, height, width)`.
        size: height and width of a window.
        stride: pixels from one window to the next; None is `size`.
        padding: width of the border, at most half of `size`.

    Raises:
        ConfigError: an argument out of range.
    """

    def __init__(
        self, in_shape: tuple[int, int, int], size: int = 2, stride: int | None = None, padding: int = 0
    ) -> None:
        super().__init__()
        self.windows = Windows(in_shape, size, size if stride is None else stride, padding)
        if 2 * padding > size:
            raise ConfigError(f"padding is {padding}; it must be at most half of the windows' size, {size}.")
        channels, height, width = in_shape
        self.in_dim = channels * height * width
        self.out_shape = (channels, *self.windows.out_size)

    @overload
    def forward(self, x: torch.Tensor) -> torch.Tensor: ...

    @overload
    def forward(self, x: PackBitsTensor) -> PackBitsTensor: ...

    def forward(self, x: torch.Tensor | PackBitsTensor) -> torch.Tensor | PackBitsTensor:
        """`[batch, in_dim]` or `[batch, channels, height, width]` -> `[batch, out_dim]`; packed bits stay packed."""
        if isinstance(x, PackBitsTensor):
            return self._pool_packed(x)
        flat = x.reshape(len(x), -1)
        if flat.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        if not self.training and flat.is_floating_point():
            flat = flat > 0.5
        # Rows are signals inside, so the batch is the innermost axis: what torch calls channels last.
        image = flat.t().reshape(*self.windows.in_shape, -1).permute(0, 3, 1, 2)
        if not image.is_floating_point():
            image = image.float()
        w = self.windows
        pooled = torch.nn.functional.max_pool2d(image, w.size, w.stride, w.padding)
        return pooled.permute(0, 2, 3, 1).reshape(-1, len(x)).t()

    def _pool_packed(self, x: PackBitsTensor) -> PackBitsTensor:
        require_evaluation(self)
        if x.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        rows = self.windows.rows(torch.arange(self.in_dim).reshape(self.windows.in_shape))
        windows = rows.transpose(1, 2).flatten(0, 1)
        return x.with_zero().any_of(torch.where(windows < 0, self.in_dim, windows))

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        w = self.windows
        return f"{w.in_shape}, size={w.size}, stride={w.stride}, padding={w.padding}"
