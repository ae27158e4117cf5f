"""Where a layer is placed, from what difflogic calls device and implementation."""

from __future__ import annotations

import torch

from warp2hdl.errors import ConfigError


def place(device: torch.device | str | None, implementation: str | None) -> torch.device:
    """The device of a layer's parameters.

    Args:
        device: its name, or None: the GPU for the implementation `cuda`, otherwise the CPU.
        implementation: None, `cuda` or `python`.

    Raises:
        ConfigError: an unknown name, a GPU that this machine lacks, or an implementation that does not go with it.
    """
    if implementation not in (None, "cuda", "python"):
        raise ConfigError(f"implementation is {implementation!r}; it must be one of None, 'cuda', 'python'.")
    if device is None:
        device = "cuda" if implementation == "cuda" else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device is {device!r}, which is no device; use 'cpu' or 'cuda'.") from error
    if implementation == "cuda" and wanted.type != "cuda":
        raise ConfigError(
            f"implementation is 'cuda' but device is {str(wanted)!r}; use device='cuda', or leave it out."
        )
    if wanted.type == "cuda" and not torch.cuda.is_available():
        option = "implementation" if implementation == "cuda" else "device"
        raise ConfigError(f"{option} is 'cuda' but this machine has no CUDA device; leave it out to run on the CPU.")
    return wanted
