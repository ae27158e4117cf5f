from tests.passes.cases import AND, OR, XOR, all_scores, circuit, nodes_of
from warp2hdl.passes import Collapse, Dead


def test_a_chain_becomes_one_node() -> None:
    before = circuit(4, [((0, 1), AND), ((2, 4), OR), ((3, 5), XOR)], [[6], [6]])
    after = Dead()(Collapse()(before))
    assert (after.network.nodes, after.network.arities.tolist()) == (1, [4])
    assert (all_scores(after) == all_scores(before)).all()


def test_the_joint_inputs_count() -> None:
    before = circuit(4, [((0, 1), AND), ((2, 4), OR), ((3, 5), XOR)], [[6], [6]])
    assert Dead()(Collapse(arity=3)(before)).network.nodes == 2
    # Shared inputs count once.
    shared = circuit(2, [((0, 1), AND), ((0, 1), OR), ((2, 3), XOR)], [[4], [4]])
    assert nodes_of(Dead()(Collapse(arity=3)(shared))) == [([0, 1], XOR)]


def test_what_others_read_stays() -> None:
    before = circuit(3, [((0, 1), AND), ((2, 3), OR), ((2, 3), XOR)], [[4], [5]])
    assert Collapse()(before) is before
    voted = circuit(3, [((0, 1), AND), ((2, 3), OR)], [[3], [4]])
    assert Collapse()(voted) is voted
