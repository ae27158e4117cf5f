"""A small neural network that labels made-up rows: more to learn from where a table has few rows, or wrong labels.

Tables of logic learn a small training split by heart; a network of smooth units does so less. It is trained first, on
the same bits, and what the tables then learn is its function (distillation, arXiv 1503.02531, with hard labels).
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.data import Dataset, TableSchema
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError

_MEMBERS = 5
_STEPS = 2000
_BATCH = 256
_RATE = 0.01


def taught(dataset: Dataset, encoder: Encoder, settings: TrainingConfig) -> Dataset:
    """The data set with `settings.teacher_rows` more training rows, and the teacher's labels on all training rows.

    A made-up row takes each column from one of two training rows, so that its cells are cells that there are; those of
    validation and test split are not looked at, nor are their labels.

    Args:
        dataset: the data set.
        encoder: gives the bits that the teacher sees.
        settings: `teacher_rows`, `teacher_units`, `teacher_l1` and `seed`.

    Raises:
        ConfigError: the data set holds images, whose pixels cannot be exchanged one by one.
    """
    if dataset.image_shape is not None:
        raise ConfigError(f"training.teacher_rows is for tables and {dataset.name} holds images; set it to 0.")
    seed = settings.seed
    made_up = _crossed(dataset, settings.teacher_rows, np.random.default_rng(seed))
    teacher = _Teacher(_bits(encoder, dataset.x_train), dataset.y_train, dataset.classes, settings)
    x = np.concatenate([dataset.x_train, made_up])
    labels = teacher.predict(_bits(encoder, x))
    return dataclasses.replace(dataset, x_train=x, y_train=labels)


def _bits(encoder: Encoder, x: npt.NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(encoder.to_bits(encoder.to_words(x)).astype(np.float32))


def _crossed(dataset: Dataset, count: int, rng: np.random.Generator) -> npt.NDArray[np.generic]:
    """Rows `[count, features]`, each a mixture of two training rows."""
    widths = [1] * dataset.features
    if isinstance(dataset.schema, TableSchema):
        widths = [len(column.feature_names) for column in dataset.schema.columns]
    parents = rng.integers(len(dataset.x_train), size=(2, count))
    second = np.repeat(rng.random((count, len(widths))) < 0.5, widths, axis=1)
    mixed: npt.NDArray[np.generic] = np.where(second, dataset.x_train[parents[1]], dataset.x_train[parents[0]])
    return mixed


class _Teacher:
    """Networks of one hidden layer of ReLUs, or none, trained side by side from different weights; their scores add up.

    Args:
        bits: float32 `[samples, bits]`.
        labels: int64 `[samples]`.
        classes: how many there are.
        settings: `teacher_units` of the hidden layer, `teacher_l1`, a penalty on the sum of the absolute weights of
            each network, and `seed`.
    """

    def __init__(
        self, bits: torch.Tensor, labels: npt.NDArray[np.int64], classes: int, settings: TrainingConfig
    ) -> None:
        generator = torch.Generator().manual_seed(settings.seed)
        widths = [bits.shape[1], settings.teacher_units, classes]
        widths = [width for width in widths if width]

        def normal(rows: int, columns: int) -> torch.Tensor:
            weight = torch.randn(_MEMBERS, rows, columns, generator=generator) / math.sqrt(rows)
            return weight.requires_grad_()

        self._weights = [normal(rows, columns) for rows, columns in itertools.pairwise(widths)]
        self._biases = [torch.zeros(_MEMBERS, 1, columns, requires_grad=True) for columns in widths[1:]]
        self._train(bits, torch.from_numpy(labels), settings.teacher_l1, generator)

    def _train(self, bits: torch.Tensor, labels: torch.Tensor, l1: float, generator: torch.Generator) -> None:
        optimizer = torch.optim.Adam([*self._weights, *self._biases], lr=_RATE)
        for step in range(_STEPS):
            rows: slice | torch.Tensor = slice(None)
            if len(bits) > _BATCH:
                rows = torch.randint(len(bits), (_BATCH,), generator=generator)
            scores = self._scores(bits[rows]).flatten(0, 1)
            loss = _MEMBERS * torch.nn.functional.cross_entropy(scores, labels[rows].repeat(_MEMBERS))
            loss = loss + l1 * torch.stack([weight.abs().sum() for weight in self._weights]).sum()
            optimizer.zero_grad()
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = _RATE * 0.5 * (1 + math.cos(math.pi * step / _STEPS))
            optimizer.step()

    def _scores(self, bits: torch.Tensor) -> torch.Tensor:
        """`[members, samples, classes]`."""
        scores = bits @ self._weights[0] + self._biases[0]
        for weight, bias in zip(self._weights[1:], self._biases[1:], strict=True):
            scores = torch.relu(scores) @ weight + bias
        return scores

    def predict(self, bits: torch.Tensor) -> npt.NDArray[np.int64]:
        """Class ids `[samples]`."""
        with torch.no_grad():
            found = [self._scores(part).log_softmax(-1).sum(0).argmax(-1) for part in bits.split(4096)]
        return torch.cat(found).numpy()
