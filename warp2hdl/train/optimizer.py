"""The optimizer: which parameters learn at which rate."""

from __future__ import annotations

import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.nn.thresholds import threshold_parameters


def optimizer_for(model: torch.nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    """Adam with a group for the coefficients, one for learned wiring and one for learned thresholds."""
    thresholds = threshold_parameters(model)
    wiring = [p for name, p in model.named_parameters() if name.endswith("wiring_weight")]
    others = {id(p) for p in (*thresholds, *wiring)}
    coefficients = [p for p in model.parameters() if id(p) not in others]
    groups = [
        {"params": coefficients, "lr": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": wiring, "lr": settings.wiring_learning_rate},
        {"params": thresholds, "lr": settings.threshold_learning_rate},
    ]
    return torch.optim.Adam([group for group in groups if group["params"]], fused=True)
