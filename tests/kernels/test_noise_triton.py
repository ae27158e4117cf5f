import pytest
import torch
import triton
import triton.language as tl

from tests.kernels.device import DEVICE
from warp2hdl.kernels import noise
from warp2hdl.kernels.noise_triton import logistic, uniform

NODES, SAMPLES = 21, 32


@triton.jit(do_not_specialize=["key0", "key1"])
def _draw(found, key0, key1, first, LOGISTIC: tl.constexpr, NODES: tl.constexpr, SAMPLES: tl.constexpr):
    node = first + tl.arange(0, NODES)[:, None]
    sample = tl.arange(0, SAMPLES)[None, :]
    key0, key1 = tl.to_tensor(key0), tl.to_tensor(key1)
    values = logistic(key0, key1, node, sample) if LOGISTIC else uniform(key0, key1, node, sample)
    tl.store(found + tl.arange(0, NODES)[:, None] * SAMPLES + sample, values)


def draw(key, first, **options):
    found = torch.empty(32, SAMPLES, device=DEVICE)
    words = [(word + (1 << 31)) % (1 << 32) - (1 << 31) for word in key]
    _draw[(1,)](found, *words, first, NODES=32, SAMPLES=SAMPLES, **options)
    return found.cpu()[:NODES]


KEYS = [(0, 0), (1, 2), (0x80000000, 0xFFFFFFFF), (0xDEADBEEF, 0x12345678)]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("first", [0, 60_000])
def test_the_bits_are_those_of_the_other_kernels(key, first):
    bits = noise.uniform_bits(key, first + NODES, SAMPLES)[first:]
    expected = ((bits >> 9).double() + 0.5) * 2.0**-23
    assert torch.equal(draw(key, first, LOGISTIC=False).double(), expected)


@pytest.mark.parametrize("key", KEYS)
def test_logistic_noise_to_float32_precision(key):
    expected = noise.logistic(key, NODES, SAMPLES)
    torch.testing.assert_close(draw(key, 0, LOGISTIC=True).double(), expected, rtol=1e-6, atol=1e-6)
