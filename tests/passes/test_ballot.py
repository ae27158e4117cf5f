from tests.passes.cases import circuit
from warp2hdl.passes.ballot import Ballot


def test_repeated_outputs_are_weights() -> None:
    ballot = Ballot.of(circuit(3, [], [[2, 0, 2], [], [2]]))
    assert ballot.classes.tolist() == [0, 0, 2]
    assert ballot.signals.tolist() == [0, 2, 2]
    assert ballot.weights.tolist() == [1, 2, 1]
    outputs, groups = ballot.outputs()
    assert outputs.tolist() == [0, 2, 2, 2]
    assert groups.offsets.tolist() == [0, 3, 3, 4]
