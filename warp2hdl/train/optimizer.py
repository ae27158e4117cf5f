"""The optimizer: which parameters learn at which rate."""

from __future__ import annotations

import torch

from warp2hdl.config import TrainingConfig


def optimizer_for(model: torch.nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    """Adam with a group for the coefficients and one for learned wiring."""
    wiring = [p for name, p in model.named_parameters() if name.endswith("wiring_weight")]
    coefficients = [p for name, p in model.named_parameters() if not name.endswith("wiring_weight")]
    groups = [
        {"params": coefficients, "lr": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": wiring, "lr": settings.wiring_learning_rate},
    ]
    return torch.optim.Adam([group for group in groups if group["params"]], fused=True)
