"""Convolutions whose kernels are trees of look-up tables (arXiv 2411.04732, there with two-input gates)."""

from __future__ import annotations

from typing import Any, overload

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn import functional
from warp2hdl.nn.layers import LogicLayer
from warp2hdl.nn.packed import PackBitsTensor, require_evaluation
from warp2hdl.nn.sequential import LogicSequential
from warp2hdl.nn.windows import Windows
from warp2hdl.nn.wiring import random_fanins

MAX_LEAVES = 1296
"""Inputs of one tree, four levels of six-input nodes."""


class TreeLevel(LogicLayer):
    """One level of a convolution's trees: nodes of given wiring, whose tables are shared by all positions.

    Args:
        in_dim: number of inputs.
        fanins: int32 `[tables * positions, arity]`; each run of `positions` nodes has one table.
        tables: number of tables.
        saved: whether the wiring is part of the state, and not a matter of the shape alone.
        settings: of `LogicLayer`.
    """

    def __init__(self, in_dim: int, fanins: torch.Tensor, tables: int, *, saved: bool, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(in_dim, tables, fanins.shape[1], **settings)
        self.register_buffer("fanins", fanins, persistent=saved)
        self.positions = len(fanins) // tables


class LogicConv2d(torch.nn.Module):
    """A convolution: each output channel is a tree of k-input look-up tables over a receptive field.

    The `arity**depth` leaves of a tree read random places of the receptive field, in the input channels of the output
    channel's group; no place twice where the field has as many. All positions share the tree's wiring and tables.

    Takes `[batch, channels, height, width]` or the same flat (channel, row, column), of the types that `LogicLayer`
    takes; gives float32 flat `[batch, channels_out * down * across]` in the same order.

    Args:
        in_shape: `(channels, height, width)`.
        channels_out: number of trees.
        receptive_field: its height and width in pixels.
        depth: levels of a tree, at least 1.
        arity: inputs of each node, 1 to 6.
        stride: pixels from one position to the next.
        padding: width of the border of zeros.
        groups: parts into which the input channels are split; consecutive output channels take them in turn.
        relaxation: as in `LogicLayer`, and so are `sampling`, `tau`, `limit`, `initial` and `residual`, each for every
            level.
        sampling: what training passes on.
        tau: temperature of the sigmoid.
        limit: of `|z| / tau`.
        initial: what the nodes start as.
        residual: probability with which a new node passes on its first input.
        seed: of wiring and initialisation; None draws from torch's global generator.
        image_rows: `[channels, height, width]`, the number of each pixel among flat inputs in another order, -1 for a
            constant zero; None is (channel, row, column).

    Raises:
        ConfigError: an argument out of range.
    """

    def __init__(
        self,
        in_shape: tuple[int, int, int],
        channels_out: int,
        receptive_field: int = 3,
        depth: int = 2,
        arity: int = 2,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        relaxation: str = "walsh",
        sampling: str = "soft",
        tau: float = 1.0,
        limit: float = 0.0,
        initial: str = "residual",
        residual: float = 0.88,
        seed: int | None = None,
        image_rows: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        self.windows = Windows(in_shape, receptive_field, stride, padding)
        self.channels_out, self.depth, self.arity, self.groups = channels_out, depth, arity, groups
        _check(in_shape[0], channels_out, depth, arity, groups)
        if image_rows is None:
            image_rows = torch.arange(in_shape[0] * in_shape[1] * in_shape[2]).reshape(in_shape)
        if tuple(image_rows.shape) != tuple(in_shape):
            raise ConfigError(f"image_rows has shape {tuple(image_rows.shape)}; in_shape is {in_shape}.")
        self.in_dim = int(image_rows.max()) + 1
        self.out_shape = (channels_out, *self.windows.out_size)
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        fanins = self._leaf_fanins(image_rows, generator)
        self.padded = bool((fanins == self.in_dim).any())
        settings: dict[str, Any] = {
            "relaxation": relaxation,
            "sampling": sampling,
            "tau": tau,
            "limit": limit,
            "initial": initial,
            "residual": residual,
        }
        levels = []
        width = self.in_dim + self.padded
        for level in range(depth):
            tables = channels_out * arity ** (depth - 1 - level)
            if level:
                fanins = _parents(tables, arity, len(fanins) // (tables * arity))
            level_seed = int(torch.randint(1 << 62, (), generator=generator))
            levels.append(TreeLevel(width, fanins, tables, saved=level == 0, seed=level_seed, **settings))
            width = len(fanins)
        self.tree = LogicSequential(*levels)

    @property
    def levels(self) -> list[TreeLevel]:
        """The levels of all trees, from the leaves up."""
        return [level for level in self.tree if isinstance(level, TreeLevel)]

    def _leaf_fanins(self, image_rows: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        """Fan-ins int32 `[tables * positions, arity]` of the lowest level; `in_dim` is the constant zero."""
        rows = self.windows.rows(image_rows).flatten(0, 1)
        field = len(rows) // self.groups
        nodes = self.arity ** (self.depth - 1)
        places = [
            random_fanins(field, nodes, self.arity, generator) + field * (channel * self.groups // self.channels_out)
            for channel in range(self.channels_out)
        ]
        fanins = rows[torch.cat(places).long()].transpose(1, 2).reshape(-1, self.arity)
        return torch.where(fanins < 0, self.in_dim, fanins).to(torch.int32)

    @overload
    def forward(self, x: torch.Tensor) -> torch.Tensor: ...

    @overload
    def forward(self, x: PackBitsTensor) -> PackBitsTensor: ...

    def forward(self, x: torch.Tensor | PackBitsTensor) -> torch.Tensor | PackBitsTensor:
        """`[batch, in_dim]` or `[batch, channels, height, width]` -> `[batch, out_dim]`; packed bits stay packed."""
        if isinstance(x, PackBitsTensor):
            return self._look_up_packed(x)
        flat = x.reshape(len(x), -1)
        if flat.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        rows = flat.t()
        if not self.training:
            rows = (rows > 0.5 if rows.is_floating_point() else rows).to(torch.uint8)
        if self.padded:
            rows = torch.cat((rows, rows.new_zeros(1, len(x))))
        if self.training:
            relaxed: torch.Tensor = self.tree(rows.t())
            return relaxed
        for level in self.levels:
            rows = functional.look_up_layer(rows, level.fanins, level.tables())
        return rows.float().t()

    def _look_up_packed(self, x: PackBitsTensor) -> PackBitsTensor:
        require_evaluation(self)
        if x.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        if self.padded:
            x = x.with_zero()
        for level in self.levels:
            x = x.look_up(level.fanins, level.tables())
        return x

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        w = self.windows
        return (
            f"{w.in_shape}, {self.channels_out}, receptive_field={w.size}, depth={self.depth}, arity={self.arity}, "
            f"stride={w.stride}, padding={w.padding}, groups={self.groups}"
        )


def _check(channels_in: int, channels_out: int, depth: int, arity: int, groups: int) -> None:
    if channels_out < 1:
        raise ConfigError(f"channels_out is {channels_out}; it must be at least 1.")
    if depth < 1 or arity**depth > MAX_LEAVES:
        raise ConfigError(f"depth is {depth}; it must be at least 1, and arity ** depth at most {MAX_LEAVES}.")
    if groups < 1 or channels_in % groups or groups > channels_out:
        raise ConfigError(
            f"groups is {groups}; it must divide the {channels_in} input channels and be at most the {channels_out} "
            "output channels."
        )


def _parents(tables: int, arity: int, positions: int) -> torch.Tensor:
    """Fan-ins int32 `[tables * positions, arity]` of a level whose inputs are `tables * arity` nodes a position."""
    children = torch.arange(tables * arity * positions, dtype=torch.int32).reshape(tables, arity, positions)
    return children.transpose(1, 2).reshape(-1, arity).contiguous()
