import numpy as np
import pytest

from tests.backends.simulate import pack, run_block
from warp2hdl.backends.fabric import LayerBlock
from warp2hdl.backends.netlist import Node


@pytest.mark.parametrize("registered", [False, True])
def test_hardware_equals_evaluate(registered):
    rng = np.random.default_rng(1)
    reads = [3, 5, 8, 9, 12, 20, 21]
    nodes = []
    for arity in (1, 2, 3, 4, 5, 6):
        fanins = tuple(int(s) for s in rng.choice(reads, arity, replace=False))
        nodes.append(Node(30 + arity, arity, fanins, int(rng.integers(1 << min(1 << arity, 62)))))
    writes = [33, 31, 5, 32, 36, 34, 35, 21]
    block = LayerBlock(2, nodes, reads, writes, registered)
    x = rng.integers(0, 2, (128, len(reads))).astype(bool)
    assert run_block(block, "x", pack(x, 1), "y", int(registered)) == pack(block.evaluate(x), 1)
    assert block.block_name == "layer_2"
    assert block.summary == "Layer 2: 6 look-ups, 2 signals pass by."


def test_the_first_fanin_is_bit_0_of_the_address():
    block = LayerBlock(1, [Node(2, 0, (1, 0), 0b0100)], [0, 1], [2], False)
    # Address 2 is: first fan-in (signal 1) is 0, second (signal 0) is 1.
    assert block.evaluate(np.array([[1, 0], [0, 1], [1, 1]], bool)).tolist() == [[True], [False], [False]]
