"""How often a model is right, relaxed and hard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.nn import LogicLayer
from warp2hdl.nn.convolution import TreeLevel
from warp2hdl.train.batches import Words

_LARGEST = 2**26
"""Activations of one layer at a time: 256 MiB."""


@contextmanager
def _noiseless(model: torch.nn.Module) -> Iterator[None]:
    """The network as training runs it, without its noise, for the block's time; the model stays in training mode.

    Layers that pass on bits in training do so here: what they would pass on otherwise, no layer has learned to take.
    """
    layers = [m for m in model.modules() if isinstance(m, LogicLayer)]
    samplings = [layer.sampling for layer in layers]
    model.train()
    try:
        for layer in layers:
            layer.sampling = layer.sampling.removeprefix("gumbel-")
        yield
    finally:
        for layer, sampling in zip(layers, samplings, strict=True):
            layer.sampling = sampling


def _samples_at_a_time(model: torch.nn.Module) -> int:
    """As many as the widest layer leaves room for."""
    widths = [
        layer.out_dim * (layer.positions if isinstance(layer, TreeLevel) else 1)
        for layer in model.modules()
        if isinstance(layer, LogicLayer)
    ]
    return max(1, min(2048, _LARGEST // max(widths, default=1)))


def predictions(model: torch.nn.Module, bits: Words, *, relaxed: bool = False) -> npt.NDArray[np.int64]:
    """Class ids `[samples]`, the lowest among equals, by the hard network or the relaxed one."""
    size = _samples_at_a_time(model)
    with torch.no_grad():
        if relaxed:
            with _noiseless(model):
                found = [model(chunk).argmax(1).cpu() for chunk in bits.chunks(size)]
        else:
            model.eval()
            found = [model(chunk).argmax(1).cpu() for chunk in bits.chunks(size)]
            model.train()
    return torch.cat(found or [torch.zeros(0, dtype=torch.int64)]).numpy()


def accuracy(model: torch.nn.Module, bits: Words, labels: npt.NDArray[np.int64], *, relaxed: bool = False) -> float:
    """The share of samples that are classified as labelled, 0 to 1."""
    return float((predictions(model, bits, relaxed=relaxed) == labels).mean())
