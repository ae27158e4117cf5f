"""Learned thresholds: the encoder's comparators as the first module of a network in training."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.config import EncoderConfig
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn.sequential import LogicSequential

_SMALLEST_GAP = 1e-7  # of the word range: the softplus of equal thresholds' difference needs a finite inverse


class Thresholds(torch.nn.Module):
    """Thermometer bits of feature words, whose thresholds are trained.

    Threshold i of a feature, in shares of its largest word, is `first + sum(softplus(gap_j) for j in 1..i)`, so that
    the order of a feature's thresholds never changes. A new module has exactly the encoder's thresholds.

    In training a bit is `sigmoid((word + 1/2 - threshold) / rho)` with `rho` the `width` times the largest word: it
    crosses one half midway between two words, where the hard bit `word >= round(threshold)` flips. In evaluation, and
    in the `encoder()` that becomes a circuit, thresholds are those whole numbers, from 1 to the largest word.

    Takes words `[batch, features]` of any real type. Gives `[batch, bits]`, in the encoder's order: float32 in
    training, uint8 in evaluation.

    Args:
        encoder: the features' words, the order of the bits, and the thresholds to start from.
        width: of the sigmoid, as a share of a feature's largest word.
        sampling: what training passes on: `soft`, the sigmoid, or `hard`, the bit with the sigmoid's gradient
            (straight-through).

    Raises:
        ConfigError: an argument out of range.
    """

    def __init__(self, encoder: Encoder, *, width: float = 0.03, sampling: str = "hard") -> None:
        super().__init__()
        if not 0 < width < float("inf"):
            raise ConfigError(f"width is {width}; it must be a number above 0.")
        if sampling not in ("soft", "hard"):
            raise ConfigError(f"sampling is {sampling!r}; it must be one of soft, hard.")
        self.sampling, self.width, self._encoder = sampling, width, encoder
        row, column, table = _ladders(encoder)
        top = ((1 << encoder.feature_bits.astype(np.int64)) - 1)[encoder.bit_feature].astype(np.float32)
        gaps = np.maximum(np.diff(table, axis=1), _SMALLEST_GAP)
        self.threshold_first = torch.nn.Parameter(torch.from_numpy(table[:, :1].astype(np.float32)))
        # The inverse of softplus; `torchlogix` starts from the differences themselves, and elsewhere than asked.
        self.threshold_gaps = torch.nn.Parameter(torch.from_numpy(np.log(np.expm1(gaps)).astype(np.float32)))
        places: dict[str, npt.NDArray[Any]] = {
            "_feature": encoder.bit_feature.astype(np.int64),
            "_place": row * table.shape[1] + column,
            "_top": top,
        }
        for name, value in places.items():
            self.register_buffer(name, torch.from_numpy(value), persistent=False)

    _feature: torch.Tensor
    _place: torch.Tensor
    _top: torch.Tensor

    def values(self) -> torch.Tensor:
        """The thresholds now, in words: float32 `[bits]`, each from 1 to the feature's largest word."""
        # float64: the sum of many small steps still has to be right to a small part of a word.
        gaps = torch.nn.functional.softplus(self.threshold_gaps.double())
        ladder = torch.cat([self.threshold_first.double(), gaps], 1).cumsum(1)
        found = self._top * ladder.reshape(-1)[self._place].float()
        clamped: torch.Tensor = _Clamp.apply(found, self._top)
        return clamped

    def words(self) -> torch.Tensor:
        """The thresholds now as the circuit has them: int64 `[bits]`, `word >= threshold` is the hard bit."""
        return torch.ceil(self.values().detach() - 0.5).long()

    def encoder(self) -> Encoder:
        """The encoder with the thresholds of now; bits keep their order, and two of a feature may have become equal."""
        learned = self.words().cpu().numpy().astype(np.uint32)
        return dataclasses.replace(self._encoder, bit_threshold=learned)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Words `[batch, features]` -> bits `[batch, bits]`."""
        if words.ndim != 2 or words.shape[1] != self._encoder.features:
            raise ConfigError(
                f"the words have shape {tuple(words.shape)}; this encoder takes [batch, {self._encoder.features}]."
            )
        # Rows are signals, as in the layers; the result is a transposed view.
        if not self.training:
            return at_least(words, self._feature, self.words()).view(torch.uint8).t()
        rho = self.width * self._top
        bits: torch.Tensor = _Compare.apply(words, self._feature, self.values(), rho, self.sampling == "hard")
        return bits.t()

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        return f"{self._encoder.features}, {self._encoder.bits}, width={self.width}, sampling={self.sampling}"


def with_thresholds(network: torch.nn.Sequential, encoder: Encoder, config: EncoderConfig) -> torch.nn.Sequential:
    """The network behind a `Thresholds` where `config` learns them, else the network: what is trained."""
    if not config.learns_thresholds:
        return network
    first = Thresholds(encoder, width=config.threshold_width, sampling=config.threshold_sampling)
    return LogicSequential(first, *network)


def without_thresholds(model: torch.nn.Sequential, encoder: Encoder) -> tuple[torch.nn.Sequential, Encoder]:
    """The network behind a `Thresholds`, and the encoder that these amount to; `model` and `encoder` without one."""
    first = model[0]
    if not isinstance(first, Thresholds):
        return model, encoder
    return LogicSequential(*list(model)[1:]).train(model.training), first.encoder()


def threshold_parameters(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    """The parameters of the learned thresholds in a model."""
    return [p for module in model.modules() if isinstance(module, Thresholds) for p in module.parameters()]


def at_least(words: torch.Tensor, feature: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    """The hard bits `word >= threshold`.

    Args:
        words: `[batch, features]` of any real type; fastest where samples or features lie side by side.
        feature: int64 `[bits]`, the feature that each bit looks at.
        threshold: `[bits]`, whole numbers from 0 to the largest word.

    Returns:
        bool `[bits, batch]`, contiguous.
    """
    rows, threshold = _rows(words, feature), threshold.to(words.dtype)[:, None]
    if rows.device.type == "cpu":  # NumPy's comparison along rows is vectorised, torch's is not
        return torch.from_numpy(rows.numpy() >= threshold.numpy())
    return rows >= threshold


def _rows(words: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
    """The word that each bit looks at, `[bits, batch]`, contiguous."""
    if words.device.type == "cpu":  # as above: NumPy transposes faster
        return torch.from_numpy(np.ascontiguousarray(words.numpy().T).take(feature.numpy(), axis=0))
    return words.t().contiguous().index_select(0, feature)


class _Compare(torch.autograd.Function):
    """Words `[batch, features]` against thresholds `[bits]`, with the gradient of a sigmoid; gives `[bits, batch]`."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        words: torch.Tensor,
        feature: torch.Tensor,
        thresholds: torch.Tensor,
        rho: torch.Tensor,
        hard: bool,
    ) -> torch.Tensor:
        ctx.save_for_backward(words, feature, thresholds, rho)
        if hard:
            return at_least(words, feature, torch.ceil(thresholds - 0.5)).float()
        return _relaxed(words, feature, thresholds, rho)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        words, feature, thresholds, rho = ctx.saved_tensors
        bits = _relaxed(words, feature, thresholds, rho)
        return None, None, -(bits.addcmul_(bits, bits, value=-1) * grads[0]).sum(1) / rho, None, None


def _relaxed(words: torch.Tensor, feature: torch.Tensor, thresholds: torch.Tensor, rho: torch.Tensor) -> torch.Tensor:
    # A copy even of float words: they may be the caller's.
    distance = _rows(words, feature).float()
    return distance.sub_((thresholds - 0.5)[:, None]).mul_(1 / rho[:, None]).sigmoid_()


class _Clamp(torch.autograd.Function):
    """Keeps thresholds where bits can change; a gradient that leads back inside passes, unlike `torch.clamp`'s."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, top: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        clamped = torch.minimum(values, top).clamp(min=1.0)
        ctx.save_for_backward(values - clamped)
        return clamped

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        (beyond,) = ctx.saved_tensors
        return grads[0] * (beyond * grads[0] >= 0), None


def _ladders(encoder: Encoder) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The thresholds as a table of one ascending row per feature that has any, in shares of its largest word.

    Returns:
        int64 `[bits]` and `[bits]`: each bit's row and column in the table; float64 `[rows, columns]`: the table. What
        is left of short rows rises evenly.
    """
    feature, threshold = encoder.bit_feature.astype(np.int64), encoder.bit_threshold.astype(np.float64)
    order = np.lexsort((threshold, feature))
    used, row, counts = np.unique(feature, return_inverse=True, return_counts=True)
    column = np.empty(len(feature), np.int64)
    column[order] = np.arange(len(feature)) - np.repeat(np.cumsum(counts) - counts, counts)
    top = (1 << encoder.feature_bits.astype(np.int64)) - 1
    table = np.full((len(used), int(counts.max())), np.nan)
    table[row, column] = threshold / top[feature]
    rest = np.arange(table.shape[1]) - counts[:, None] + 1
    last = table[np.arange(len(used)), counts - 1][:, None]
    return row, column, np.where(rest > 0, last + rest, table)
