"""The optimizer: which parameters learn at which rate, and in which basis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.kernels.walsh_reference import walsh_hadamard
from warp2hdl.nn.relaxations import RELAXATIONS, Walsh
from warp2hdl.nn.thresholds import threshold_parameters
from warp2hdl.train.schedule import logic_layers

ADDRESSES = "addresses"
"""The entry of a parameter group that tells whether it is stepped in the basis of the addresses."""


class AddressAdam(torch.optim.Adam):
    """Adam that steps some Walsh coefficients by the values of z that they stand for, one at each address.

    Adam scales each parameter's step by its own gradients and so depends on the basis (which SOAP, arXiv 2409.11321,
    makes use of). A sample with bits at a node's inputs has a gradient at one address alone, but in all 2**k
    coefficients: scaled there, its step changes the other addresses too, those that are hardly ever read most of all.

    Parameters of groups with the entry `addresses` are coefficients `[nodes, 2**k]`, and the learning rate and weight
    decay of such a group are those of z; betas and eps are Adam's. Everything else is as in `torch.optim.Adam`.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        grads: dict[torch.nn.Parameter, torch.Tensor] = {}
        for group in self.param_groups:
            for p in group["params"] if group.get(ADDRESSES) else ():
                if p.grad is not None:
                    grads[p], p.grad = p.grad, None  # so that torch's own step leaves it alone
                    _step(p, grads[p], self.state[p], group)
        super().step()
        for p, grad in grads.items():
            p.grad = grad
        return loss


def _step(theta: torch.Tensor, grad: torch.Tensor, state: dict[str, torch.Tensor], group: dict[str, Any]) -> None:
    """Steps the coefficients `[nodes, 2**k]`; the state is that of torch's Adam, with moments of the gradients of z."""
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(theta), torch.zeros_like(theta)
    state["step"] += 1
    betas, count = group["betas"], state["step"].item()
    rate, root = group["lr"] / (1 - betas[0] ** count), math.sqrt(1 - betas[1] ** count)
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    arrays = (theta, grad, mean, square)
    if all(t.device.type == "cpu" and t.dtype == torch.float32 and t.is_contiguous() for t in arrays):
        from warp2hdl.kernels import adam_cpu

        adam_cpu.step(
            *(t.detach().numpy() for t in arrays),
            rate=rate,
            root=root,
            betas=betas,
            epsilon=group["eps"],
            decay=group["weight_decay"],
        )
        return
    transform = walsh_hadamard(torch.eye(theta.shape[1], dtype=theta.dtype, device=theta.device))
    inverse = transform / len(transform)
    grad = grad @ inverse
    if group["weight_decay"]:
        grad = grad + group["weight_decay"] * (theta @ transform)
    mean.lerp_(grad, 1 - betas[0])
    square.mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    theta.sub_((mean / (square.sqrt() / root + group["eps"])) @ inverse, alpha=rate)


def optimizer_for(model: torch.nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    """Adam with a group for the coefficients, one for learned wiring and one for learned thresholds.

    Coefficients that are stepped in the basis of the addresses are a group of their own.
    """
    thresholds = threshold_parameters(model)
    wiring = [p for name, p in model.named_parameters() if name.endswith("wiring_weight")]
    by_address = [layer.weight for layer in logic_layers(model) if isinstance(RELAXATIONS[layer.relaxation], Walsh)]
    by_address = by_address if settings.adam_basis == ADDRESSES else []
    others = {id(p) for p in (*thresholds, *wiring, *by_address)}
    rest = [p for p in model.parameters() if id(p) not in others]
    rates: dict[str, Any] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    groups = [
        {"params": rest, **rates},
        {"params": by_address, **rates, ADDRESSES: True, "fused": False},  # its steps are counted on the CPU
        {"params": wiring, "lr": settings.wiring_learning_rate},
        {"params": thresholds, "lr": settings.threshold_learning_rate},
    ]
    kind = AddressAdam if by_address else torch.optim.Adam
    return kind([group for group in groups if group["params"]], fused=True)
