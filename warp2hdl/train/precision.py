"""Where a network computes, with how many threads, and how precise its activations are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels import memory
from warp2hdl.kernels import threads as kernel_threads


def choose_device(name: str) -> torch.device:
    """The device called `auto` (CUDA where there is one), `cpu` or `cuda`.

    Raises:
        ConfigError: another name, or `cuda` where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device is {name!r}; it must be one of auto, cpu, cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is 'cuda' but torch finds no CUDA device here; give --device cpu or auto.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def use_threads(count: int, name: str = "training.threads") -> None:
    """So many threads for the kernels, and one for torch; memory that a step frees is kept for the next.

    What torch does in a step is a hundred short operations, and its idle threads spin.

    Args:
        count: threads of the kernels.
        name: what the user calls the setting.

    Raises:
        ConfigError: more threads than this process may use cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not 1 <= count <= cores:
        raise ConfigError(f"{name} is {count}; this machine offers 1 to {cores}.")
    torch.set_num_threads(1)
    kernel_threads.set(count)
    memory.keep_freed()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """`use_threads` for the time of the block.

    Raises:
        ConfigError: more threads than this process may use cores.
    """
    before = torch.get_num_threads(), kernel_threads.get()
    use_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        kernel_threads.set(before[1])


def _to_bfloat16(module: torch.nn.Module, inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor | None:
    if not module.training or not output.is_floating_point():
        return None
    rounded = output.to(torch.bfloat16)
    return rounded if output.is_cuda else rounded.float()


@contextmanager
def activations(model: torch.nn.Sequential, precision: str) -> Iterator[None]:
    """The precision of what the layers hand on in training while the block runs.

    With `bfloat16` values and their gradients are rounded between layers; on a CPU, which has no kernels for it, they
    are rounded and kept in float32. Parameters, their gradients and the last layer's outputs, which are counted into
    scores, stay float32. Outputs of a hard network are 0 and 1, the same in both.

    Args:
        model: layers, the last two of them a logic layer and the GroupSum.
        precision: `float32` or `bfloat16`.
    """
    with ExitStack() as stack:
        if precision == "bfloat16":
            for module in list(model)[:-2]:
                stack.callback(module.register_forward_hook(_to_bfloat16).remove)
        yield
