"""A penalty on the Walsh spectrum."""

from __future__ import annotations

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.train.schedule import logic_layers


class SpectralPenalty:
    """Pulls Walsh coefficients towards 0, so that nodes depend on fewer of their inputs, and less on high orders.

    For every layer it is the mean over nodes of the sum over coefficients but the constant one, of absolute values (L1)
    or squares (L2); layers are added. A node's squares sum up to the variance of z over its addresses (Parseval). The
    coefficients of a sigmoid's argument are divided by the layer's initial tau, so that a strength means the same at
    every temperature; those of the other relaxations are at most 1 already.

    Args:
        model: the network, at its initial temperatures.
        settings: `spectral_l1` and `spectral_l2`.
    """

    def __init__(self, model: torch.nn.Module, settings: TrainingConfig) -> None:
        self._l1, self._l2 = settings.spectral_l1, settings.spectral_l2
        self._layers = [(layer, layer.tau) for layer in logic_layers(model)]

    @property
    def active(self) -> bool:
        """Whether there is any penalty."""
        return self._l1 > 0 or self._l2 > 0

    def __call__(self) -> torch.Tensor:
        """The penalty, a scalar."""
        total = torch.zeros(())
        for layer, tau in self._layers:
            relaxation = RELAXATIONS[layer.relaxation]
            spectrum = relaxation.coefficients(layer.weight, layer.tau)[:, 1:]
            if not relaxation.linear:
                spectrum = spectrum / tau
            absolute, squares = spectrum.abs().sum(1).mean(), spectrum.square().sum(1).mean()
            total = total.to(spectrum.device) + self._l1 * absolute + self._l2 * squares
        return total
