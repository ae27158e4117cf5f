"""What a training run reports of each epoch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class EpochMetrics:
    """One line of `metrics.jsonl`. Accuracies are shares, 0 to 1; `gap` is relaxed minus hard.

    Attributes:
        epoch: from 1.
        loss: mean cross-entropy of the training split, without penalties.
        val_accuracy_relaxed: of the relaxed network without noise, on the validation split.
        val_accuracy_hard: of the hard network, on the validation split.
        gap: relaxed minus hard.
        learning_rate: of the coefficients, in the epoch's last step.
        temperature: by how much every layer's tau was multiplied in the epoch's last step.
        seconds: wall time of the epoch's steps.
    """

    epoch: int
    loss: float
    val_accuracy_relaxed: float
    val_accuracy_hard: float
    gap: float
    learning_rate: float
    temperature: float
    seconds: float

    def json_line(self) -> str:
        """One line of JSON. JSON has no NaN: a loss that diverged becomes null."""
        row = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}
        return json.dumps(row) + "\n"
