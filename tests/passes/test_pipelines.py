from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from tests.passes.cases import AND, NOT, OR, WIRE, all_scores, all_words, circuit, circuits, differences, voted
from warp2hdl.errors import ConfigError
from warp2hdl.ir import Circuit, verify
from warp2hdl.passes import PIPELINES, run


@pytest.mark.parametrize("pipeline", ["area", "speed"])
@settings(max_examples=8, deadline=None)
@given(before=voted())
def test_pipelines_that_map_keep_the_class_on_every_word(pipeline: str, before: Circuit) -> None:
    after, _ = run(before, pipeline)
    words = all_words(before)
    np.testing.assert_array_equal(differences(after, words), differences(before, words))
    if pipeline == "speed":
        assert after.network.depth <= run(before)[0].network.depth


@settings(max_examples=60, deadline=None)
@given(before=circuits())
def test_the_default_pipeline_ends_where_no_pass_changes_anything(before: Circuit) -> None:
    after, reports = run(before)
    verify(after)
    np.testing.assert_array_equal(all_scores(after), all_scores(before))
    assert all(step(after) is after for step in PIPELINES["default"])
    assert reports[0].nodes_before == before.network.nodes
    assert reports[-1].nodes_after == after.network.nodes
    for last, following in pairwise(reports):
        assert last.nodes_after == following.nodes_before
        assert last.edges_after == following.edges_before
        assert last.comparators_after == following.comparators_before


def test_none_returns_the_circuit_itself() -> None:
    before = circuit(1, [((0,), WIRE)], [[1], [1]])
    assert run(before, "none") == (before, [])


def test_passes_work_into_one_anothers_hands() -> None:
    # NOT x0 twice, their OR is NOT x0 again, AND with a hidden 1; one inverter is left.
    nodes = [((0,), NOT), ((0,), NOT), ((2, 3), OR), ((0, 1), 0b1111), ((4, 5), AND), ((1, 6), AND)]
    after, reports = run(circuit(2, nodes, [[6], [6]]))
    assert (after.network.nodes, after.encoder.bits) == (1, 1)
    assert after.network.tables.tolist() == [NOT]
    assert [report.name for report in reports[:4]] == ["constants", "support", "ordered", "duplicates"]
    assert all(report.seconds >= 0 for report in reports)


def test_an_unknown_pipeline_is_named() -> None:
    with pytest.raises(ConfigError, match="no pipeline 'fast'; choose one of none, default, area, speed"):
        run(circuit(1, [], [[0], [0]]), "fast")
