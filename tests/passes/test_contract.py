"""What holds for every pass of every pipeline."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.passes.cases import Node, all_scores, all_words, circuit, circuits, differences, voted
from warp2hdl.ir import Circuit, scores, verify
from warp2hdl.passes import DEFAULT, Collapse, CommonVotes, Pass, SharedCounts, Sums, Windows, run

# Re-mapping starts a process; its own tests and those of the pipelines run it.
LATER = (Collapse(), Windows(), Sums(), SharedCounts(), CommonVotes())


def _each(steps: tuple[Pass, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", steps, ids=[step.name for step in steps])


every_pass = _each((*DEFAULT, *LATER))
default_pass = _each(DEFAULT)
scores_pass = _each((*DEFAULT, *LATER[:4]))
settled_pass = _each((*DEFAULT, Collapse()))


@every_pass
@settings(max_examples=40, deadline=None)
@given(before=voted())
def test_on_every_word_the_class_stays_and_the_ties(step: Pass, before: Circuit) -> None:
    after = step(before)
    verify(after)
    words = all_words(before)
    np.testing.assert_array_equal(differences(after, words), differences(before, words))


@scores_pass
@settings(max_examples=40, deadline=None)
@given(before=voted())
def test_on_every_word_the_scores_stay(step: Pass, before: Circuit) -> None:
    words = all_words(before)
    np.testing.assert_array_equal(scores(step(before), words), scores(before, words))


@default_pass
@settings(max_examples=60, deadline=None)
@given(before=circuits())
def test_it_keeps_validity_and_scores_and_adds_nothing(step: Pass, before: Circuit) -> None:
    after = step(before)
    verify(after)
    np.testing.assert_array_equal(all_scores(after), all_scores(before))
    assert after.network.nodes <= before.network.nodes
    assert len(after.network.fanins) <= len(before.network.fanins)
    assert after.encoder.bits <= before.encoder.bits
    assert after.encoder.features == before.encoder.features
    assert after.metadata is before.metadata


@settled_pass
@settings(max_examples=60, deadline=None)
@given(before=voted())
def test_a_second_run_changes_nothing(step: Pass, before: Circuit) -> None:
    after = step(before)
    assert step(after) is after


@settings(max_examples=30, deadline=None)
@given(before=voted())
def test_a_second_run_of_common_votes_changes_nothing_once_inverters_are_read_through(before: Circuit) -> None:
    after = CommonVotes()(run(before)[0])
    assert CommonVotes()(after) is after


@every_pass
@settings(max_examples=20, deadline=None)
@given(before=circuits())
def test_it_leaves_its_argument_alone(step: Pass, before: Circuit) -> None:
    copies = {name: array.copy() for name, array in before.arrays().items()}
    step(before)
    for name, array in before.arrays().items():
        np.testing.assert_array_equal(array, copies[name], name)


@every_pass
@pytest.mark.parametrize("nodes", [[], [((), 1)], [((), 0)]])
def test_it_takes_networks_of_next_to_nothing(step: Pass, nodes: list[Node]) -> None:
    before = circuit(1, nodes, [[0], [len(nodes)]])
    after = step(before)
    verify(after)
    words = all_words(before)
    np.testing.assert_array_equal(differences(after, words), differences(before, words))
