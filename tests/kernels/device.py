"""Where Triton's kernels are tested: on a GPU, or in its interpreter. Memory that shows what was not written."""

import os
from unittest import mock

import torch

DEVICE = "cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda"

_empty = torch.empty


def _poisoned(*shape, **options):
    found = _empty(*shape, **options)
    return found.fill_(float("nan") if found.is_floating_point() else 113)


def poisoned_memory():
    """Within it, `torch.empty` gives NaN."""
    return mock.patch("torch.empty", _poisoned)


def with_padding(rows):
    """The same rows as a view of longer ones, with NaN beyond their ends, on the device."""
    count, columns = rows.shape
    whole = torch.full((count, -(-columns // 16) * 16 + 16), float("nan"), dtype=rows.dtype, device=DEVICE)
    whole[:, :columns] = rows
    return whole[:, :columns]
