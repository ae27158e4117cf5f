"""Several processes that train one network, started by `torchrun`: gloo on CPUs, NCCL on CUDA devices.

Every process holds the whole network and the whole data. A batch is divided among them and its gradients are added
up, so that the parameters stay the same bits everywhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed

from warp2hdl.errors import ConfigError

_LETTING_GO_SECONDS = 0.2


@dataclass(frozen=True)
class World:
    """The processes of a run; alone, every operation leaves its argument as it is.

    Attributes:
        rank: which process this is, from 0.
        size: how many there are.
        device: where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    def share(self, rows: torch.Tensor) -> torch.Tensor:
        """This process's part of the rows of a batch, or of a split."""
        return rows[self.rank :: self.size]

    def agree(self, values: torch.Tensor) -> torch.Tensor:
        """The first process's values, of equal shape everywhere."""
        if self.size == 1:
            return values
        moved = values.to(self.device)
        distributed.broadcast(moved, 0)
        return moved.to(values.device)

    def add(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replaces float32 tensors by their sums over the processes, in one message."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view(tensor.shape))

    def count(self, *counts: int) -> list[int]:
        """The sums of whole numbers over the processes."""
        if self.size == 1:
            return list(counts)
        total = torch.tensor(counts, dtype=torch.int64, device=self.device)
        distributed.all_reduce(total)
        return [int(n) for n in total.tolist()]

    def gather(self, values: torch.Tensor) -> list[torch.Tensor]:
        """Everyone's values, of equal shape, by rank."""
        if self.size == 1:
            return [values]
        moved = values.to(self.device)
        found = [torch.empty_like(moved) for _ in range(self.size)]
        distributed.all_gather(found, moved)
        return [each.to(values.device) for each in found]


@contextmanager
def world(device: torch.device) -> Iterator[World]:
    """The processes that `torchrun` started with this one, or this one alone.

    Args:
        device: the kind of device; each process takes the CUDA device of its local rank.

    Raises:
        ConfigError: more processes on this machine than CUDA devices.
    """
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"process {local} of this machine has no CUDA device of its own, there are "
                f"{torch.cuda.device_count()}; start as many processes, or give --device cpu."
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if distributed.is_available() and distributed.is_initialized():
        yield World(distributed.get_rank(), distributed.get_world_size(), device)
        return
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield World(0, 1, device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(distributed.get_rank(), distributed.get_world_size(), device)
    finally:
        leave()


def leave() -> None:
    """Ends this process's part in the group, so that Python may end right after it.

    gloo's threads let go of the tensors of the last message when they come to it, for which they need Python's lock;
    one that asks for it while the interpreter ends aborts the process (pytorch pull request 179291).
    """
    distributed.destroy_process_group()
    time.sleep(_LETTING_GO_SECONDS)
