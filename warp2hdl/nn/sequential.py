"""A `torch.nn.Sequential` that trains neighbouring logic layers in one go."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from warp2hdl.nn import functional
from warp2hdl.nn.layers import GroupSum, LogicLayer, training_rows


class LogicSequential(torch.nn.Sequential):
    """A `torch.nn.Sequential`; training on a CPU takes neighbouring logic layers, and a GroupSum, as one operation.

    Threads then share the samples of a batch, and not the nodes of every layer, and PyTorch has one step to do in place
    of many. The values and gradients are the same but for the order of sums. Modules with hooks, and layers with a
    gradient factor, of the relaxation `dwn` or on the plain reference path, are called one by one as ever.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output of the last module."""
        modules = list(self)
        while modules:
            layers = _first_layers(modules, x) if self.training else []
            counted = _first_group_sum(modules[len(layers) :], layers)
            if len(layers) + len(counted) > 1:
                groups = counted[0].k if counted else 0
                x = functional.walsh_layers(training_rows(x.t()), [layer.prepared() for layer in layers], groups).t()
                x = x / counted[0].tau if counted else x
                modules = modules[len(layers) + len(counted) :]
            else:
                x = modules[0](x)
                modules = modules[1:]
        return x


def _hooked(module: torch.nn.Module) -> bool:
    return bool(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
    )


def _first_layers(modules: Sequence[torch.nn.Module], x: torch.Tensor) -> list[LogicLayer]:
    """The first modules as far as they are layers that may be one operation on x, `[batch, inputs]`."""
    found: list[LogicLayer] = []
    if not isinstance(x, torch.Tensor) or x.device.type != "cpu":
        return found
    shape = x.shape[1:]
    for module in modules:
        if not isinstance(module, LogicLayer) or not (module.training and module.is_kernel) or _hooked(module):
            break
        if shape != (module.in_dim,):
            break
        found.append(module)
        shape = torch.Size([module.width])
    return found


def _first_group_sum(modules: Sequence[torch.nn.Module], layers: Sequence[LogicLayer]) -> list[GroupSum]:
    """The first module if it is a GroupSum that may be one operation with the layers, in a list."""
    first = modules[0] if layers and modules else None
    if not isinstance(first, GroupSum) or _hooked(first) or layers[-1].width % first.k:
        return []
    return [first]
