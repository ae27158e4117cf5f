"""Logistic noise of a counter, in Triton: the bits of `warp2hdl.kernels.noise`, so that backward recomputes them."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def scalar(value: tl.tensor) -> tl.tensor:
    """The number handed to a kernel, or the one that a pointer handed to it points at (a captured graph's way)."""
    value = tl.to_tensor(value)
    if value.dtype.is_ptr():
        return tl.load(value)
    else:  # noqa: RET505 - Triton compiles the branch that is taken, and it needs both
        return value


@triton.jit
def _mixed(x: tl.tensor) -> tl.tensor:
    """A bijection of 32-bit words in which every input bit changes about half of the output's."""
    x ^= x >> 16
    x *= 0x7FEB352D
    x ^= x >> 15
    x *= 0x846CA68B
    x ^= x >> 16
    return x


@triton.jit
def uniform(key0: tl.tensor, key1: tl.tensor, node: tl.tensor, sample: tl.tensor) -> tl.tensor:
    """Uniform float32 in (0, 1), odd multiples of 2**-24, of int32 words: a key, and node and sample that broadcast."""
    counter = node.to(tl.uint32, bitcast=True) * 0x9E3779B9 + sample.to(tl.uint32, bitcast=True)
    word = _mixed(counter ^ key0.to(tl.uint32, bitcast=True)) + key1.to(tl.uint32, bitcast=True)
    return ((_mixed(word) >> 9).to(tl.float32) + 0.5) * (1 / (1 << 23))


@triton.jit
def logistic(key0: tl.tensor, key1: tl.tensor, node: tl.tensor, sample: tl.tensor) -> tl.tensor:
    """Logistic(0, 1) noise float32; arguments as `uniform`. Neither logarithm's argument is rounded."""
    u = uniform(key0, key1, node, sample)
    return tl.log(u) - tl.log(1 - u)
