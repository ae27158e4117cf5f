"""Whether the Triton kernels are right on this GPU: every output and gradient against float64, before any timing."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from warp2hdl.kernels import layer_triton, walsh_reference

SIZES = ((7, 13, 5), (61, 250, 33), (784, 2000, 100))
"""Inputs, nodes and batch."""

TAU = 1.5
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
"""Of the norm of the difference over the norm of the reference."""


def relative_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """The norm of the difference over the norm of what is expected; NaN where there is one in either."""
    actual, expected = actual.detach(), expected.detach().double()
    return float((actual.double() - expected).norm() / expected.norm().clamp(min=1e-30))


def wrong(device: str = "cuda", sizes: tuple[tuple[int, int, int], ...] = SIZES) -> list[str]:
    """What is not right, one sentence each; empty if all is."""
    return [
        f"{name} at arity {k}, {inputs} inputs, {nodes} nodes, batch {batch}, {dtype}, {mode}, deterministic "
        f"{deterministic}: off by {error:.1e} of its norm"
        for inputs, nodes, batch in sizes
        for k in range(1, 7)
        for dtype in TOLERANCES
        for mode in ("walsh", "linear", "noisy")
        for deterministic in (False, True)
        for name, error in _errors(device, (inputs, nodes, batch), k, dtype, mode, deterministic)
        if not error <= TOLERANCES[dtype]
    ]


def _errors(
    device: str, sizes: tuple[int, int, int], k: int, dtype: torch.dtype, mode: str, deterministic: bool
) -> Iterator[tuple[str, float]]:
    inputs, nodes, batch = sizes
    x = torch.rand(inputs, batch, device=device).to(dtype).requires_grad_()
    theta = torch.randn(nodes, 1 << k, device=device).requires_grad_()
    fanins = torch.randint(inputs, (nodes, k), dtype=torch.int32, device=device)
    grad_y = torch.randn(nodes, batch, device=device).to(dtype)
    key = (3, 0xFFFFFFF0) if mode == "noisy" else None
    y = layer_triton.walsh_layer(x, fanins, theta, TAU, noise=key, linear=mode == "linear", deterministic=deterministic)
    y.backward(grad_y)
    wide_x, wide_theta = (leaf.detach().double().requires_grad_() for leaf in (x, theta))
    expected = walsh_reference.walsh_layer(wide_x, fanins, wide_theta, TAU, key, linear=mode == "linear")
    expected.backward(grad_y.double())
    yield "y", relative_error(y, expected)
    for name, leaf, wide in (("grad_x", x, wide_x), ("grad_theta", theta, wide_theta)):
        assert leaf.grad is not None and wide.grad is not None
        yield name, relative_error(leaf.grad, wide.grad)
