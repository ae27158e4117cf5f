import numpy as np

from tests.backends.simulate import pack, run_block
from warp2hdl.backends import fabric
from warp2hdl.backends.fabric import LookupBlock, Share, taps_of
from warp2hdl.backends.graph import Node
from warp2hdl.backends.targets import get_target


def make_nodes(rng, reads):
    nodes = []
    for arity in (1, 2, 3, 4, 5, 6):
        fanins = tuple(int(s) for s in rng.choice(reads, arity, replace=False))
        nodes.append(Node(30 + arity, f"n{arity}", fanins, int(rng.integers(1 << min(1 << arity, 62)))))
    return nodes


def test_hardware_equals_evaluate():
    rng = np.random.default_rng(1)
    reads = [3, 5, 8, 9, 12, 20, 21]
    nodes = make_nodes(rng, reads)
    taps = tuple((s, 4) for s in reads)
    writes = {"y": tuple((s, 4) for s in (33, 31, 32, 36, 34, 35))}
    block = LookupBlock("layer_2", "", Share(tuple(nodes), {n.signal: 4 for n in nodes}, (), taps, writes))
    x = rng.integers(0, 2, (128, len(reads))).astype(bool)
    assert not block.clocked
    assert run_block(block, "x", pack(x, 1), "y") == pack(block.evaluate(x)["y"], 1)


def test_registers_lie_between_the_stages():
    first, second = Node(2, "a", (0, 1), 0b0110), Node(3, "b", (2, 0), 0b1000)
    # b reads a one stage on, and input 0 as it is then; both leave in stage 2, a also in stage 1.
    share = Share((first, second), {2: 0, 3: 1, 0: 0}, (0,), ((0, 0), (1, 0)), {"y": ((2, 2), (3, 2)), "z": ((2, 1),)})
    block = LookupBlock("layer_1", "", share)
    x = np.random.default_rng(0).integers(0, 2, (20, 2)).astype(bool)
    found = block.evaluate(x)
    assert found["y"].tolist() == [[a ^ b, (a ^ b) & a] for a, b in x.tolist()]
    assert run_block(block, "x", pack(x, 1), "y", 2) == pack(found["y"], 1)
    assert run_block(block, "x", pack(x, 1), "z", 1) == pack(found["z"], 1)
    assert share.until() == {2: 2, 3: 2, 0: 1}


def test_the_first_fanin_is_bit_0_of_the_address():
    node = Node(2, "n", (1, 0), 0b0100)
    block = LookupBlock("layer_1", "", Share((node,), {2: 0}, (), ((0, 0), (1, 0)), {"y": ((2, 0),)}))
    # Address 2 is: first fan-in (signal 1) is 0, second (signal 0) is 1.
    assert block.evaluate(np.array([[1, 0], [0, 1], [1, 1]], bool))["y"].tolist() == [[True], [False], [False]]


def test_shares_are_alike_whatever_their_signals_are_called():
    def share(base, stage, table=0b0110):
        node = Node(base + 5, "n", (base, base + 1), table)
        reads = tuple((s, stage) for s in node.fanins)
        return Share((node,), {node.signal: stage}, (), reads, {"y": ((node.signal, stage + 1),)})

    assert share(0, 0).shape() == share(100, 3).shape()
    assert share(0, 0).shape() != share(0, 0, 0b1000).shape()


def test_taps_are_listed_once_in_the_order_of_reading():
    nodes = [Node(5, "a", (3, 1), 0b0110), Node(6, "b", (1, 5), 0b0110), Node(7, "c", (1, 0), 0b0110)]
    assert taps_of(nodes, {5: 0, 6: 1, 7: 0}) == [(3, 0), (1, 0), (1, 1), (5, 1), (0, 0)]


def test_a_wide_stage_is_several_vectors(monkeypatch):
    monkeypatch.setattr(fabric, "_WIDEST", 4)
    rng = np.random.default_rng(2)
    reads = [3, 5, 8, 9, 12, 20, 21]
    nodes = make_nodes(rng, reads)
    writes = {"y": tuple((s, 5) for s in (33, 31, 32, 36, 34, 35))}
    share = Share(tuple(nodes), {n.signal: 4 for n in nodes}, (), tuple((s, 4) for s in reads), writes)
    block = LookupBlock("layer_2", "", share)
    x = rng.integers(0, 2, (128, len(reads))).astype(bool)
    assert run_block(block, "x", pack(x, 1), "y", 1) == pack(block.evaluate(x)["y"], 1)
    declarations, *_, registers, ends = block.statements(get_target("generic"), set())
    assert declarations == ["  reg [3:0] stage_1_0;", "  reg [1:0] stage_1_1;"]
    assert registers[1:-1] == ["    stage_1_0 <= {n6, n2, n1, n3};", "    stage_1_1 <= {n5, n4};"]
    assert ends == ["  assign y = {stage_1_1, stage_1_0};"]
