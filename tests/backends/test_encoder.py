import numpy as np
import pytest

from tests.backends.simulate import run_block
from warp2hdl.backends.encoder import EncoderBlock

BITS = (1, 3, 16)
COMPARATORS = ((1, 1), (0, 1), (1, 7), (2, 1), (2, 40_000), (2, 65_535))


@pytest.mark.parametrize("registered", [False, True])
def test_hardware_equals_evaluate(registered):
    rng = np.random.default_rng(0)
    words = np.stack([rng.integers(0, 1 << b, 40) for b in BITS], axis=1)
    words[:6, 2] = [0, 1, 39_999, 40_000, 65_534, 65_535]
    block = EncoderBlock(BITS, COMPARATORS, ("a", "b", "c"), registered)
    inputs = [int(a) | int(b) << 1 | int(c) << 4 for a, b, c in words]
    bits = block.evaluate(words)
    expected = [sum(int(bit) << i for i, bit in enumerate(row)) for row in bits]
    assert run_block(block, "words", inputs, "bits", int(registered)) == expected


def test_evaluate_is_at_or_above():
    block = EncoderBlock((4,), ((0, 5), (0, 15)), ("x",), False)
    assert block.evaluate(np.array([[4], [5], [15]], np.uint8)).tolist() == [[0, 0], [1, 0], [1, 1]]
