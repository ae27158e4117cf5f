"""What holds for every pass of every pipeline."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.passes.cases import Node, all_scores, circuit, circuits
from warp2hdl.ir import Circuit, verify
from warp2hdl.passes import PIPELINES, Pass

PASSES = {step.name: step for pipeline in PIPELINES.values() for step in pipeline}
every_pass = pytest.mark.parametrize("step", PASSES.values(), ids=PASSES.keys())


@every_pass
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


@every_pass
@settings(max_examples=60, deadline=None)
@given(before=circuits())
def test_a_second_run_changes_nothing(step: Pass, before: Circuit) -> None:
    after = step(before)
    assert step(after) is after


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
    np.testing.assert_array_equal(all_scores(after), all_scores(before))
