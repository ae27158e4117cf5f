from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends.simulate import pack, run_block, run_stream
from tests.circuits import random_circuit
from warp2hdl.backends.pipeline import Top
from warp2hdl.ir.interpret import classify, scores

WIDTHS = (1, 2, 5, 9)


def make(seed=0, **options):
    given = {"features": 4, "feature_bits": WIDTHS, "layers": [(12, (1, 2, 3, 4, 5, 6)), (14, (2, 6))], "classes": 3}
    return random_circuit(np.random.default_rng(seed), **(given | options))


def random_words(circuit, count, seed=1):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, 1 << int(bits), count) for bits in circuit.encoder.feature_bits]
    return np.stack(columns, axis=1).astype(circuit.encoder.word_dtype)


def pack_words(circuit, words):
    lsb = np.cumsum([0, *circuit.encoder.feature_bits.astype(int)])
    return [sum(int(w) << int(at) for w, at in zip(row, lsb, strict=False)) for row in words]


@given(
    seed=st.integers(0, 10_000),
    classes=st.sampled_from([2, 3, 10]),
    skips=st.booleans(),
    lut_inputs=st.sampled_from([4, 6]),
)
@settings(max_examples=25, deadline=None)
def test_evaluate_equals_interpret(seed, classes, skips, lut_inputs):
    circuit = make(seed, classes=classes, skips=skips)
    words = random_words(circuit, 64)
    top = Top(circuit, interface="raw", levels_per_stage=1, with_scores=True, lut_inputs=lut_inputs)
    found_classes, found_scores = top.evaluate(words)
    assert np.array_equal(found_scores, scores(circuit, words))
    assert np.array_equal(found_classes, classify(circuit, words))


@pytest.mark.parametrize(("levels_per_stage", "skips"), list(product([0, 1, 2, 3], [False, True])))
def test_a_stream_answers_after_exactly_the_latency(levels_per_stage, skips):
    circuit = make(7, skips=skips)
    top = Top(circuit, interface="stream", levels_per_stage=levels_per_stage, with_scores=True)
    latency = top.plan.latency_cycles
    words = random_words(circuit, 40)
    packed = pack_words(circuit, words)
    valid = np.random.default_rng(2).integers(0, 2, 40)
    idle = [{"in_valid": 0}] * latency
    found = run_stream(top, [{"in_valid": int(v), "in_features": w} for v, w in zip(valid, packed, strict=True)] + idle)
    classes = classify(circuit, words).tolist()
    sums = pack(scores(circuit, words), circuit.groups.score_bits)
    expected = [(1, c, s) if v else None for v, c, s in zip(valid, classes, sums, strict=True)]
    assert all(not v for v, _, _ in found[:latency])
    assert [row if row[0] else None for row in found[latency:]] == expected


def test_raw_in_the_simulator():
    circuit = make(3, skips=True)
    top = Top(circuit, interface="raw", levels_per_stage=1, with_scores=False)
    words = random_words(circuit, 30)
    assert run_block(top, "in_features", pack_words(circuit, words), "out_class") == classify(circuit, words).tolist()
    assert not hasattr(top, "out_scores")


def test_without_scores_what_all_classes_have_in_common_is_not_built():
    circuit = make(3)
    biased = replace(circuit, groups=replace(circuit.groups, bias=np.array([70, 65, 64])))
    tops = [
        Top(c, interface="raw", levels_per_stage=1, with_scores=False)
        for c in (biased, replace(circuit, groups=replace(circuit.groups, bias=np.array([6, 1, 0]))))
    ]
    assert tops[0].design.lookups() == tops[1].design.lookups()
    words = random_words(circuit, 64)
    assert np.array_equal(tops[0].evaluate(words)[0], classify(biased, words))


def test_equal_popcounts_are_one_module():
    circuit = make(layers=[(30, 4)], features=8, feature_bits=2)
    top = Top(circuit, interface="stream", levels_per_stage=0, with_scores=False)
    names = [block.block_name for name, block in top.blocks.items() if name.startswith("popcount")]
    assert names == ["popcount_0"] * 3


def test_four_inputs_are_enough_where_a_lookup_has_no_more():
    circuit = make(layers=[(60, 4)], feature_bits=9)
    widest = {
        lut_inputs: max(
            len(node.fanins)
            for part in Top(
                circuit, interface="raw", levels_per_stage=1, with_scores=True, lut_inputs=lut_inputs
            ).design.parts
            for node in part.nodes
        )
        for lut_inputs in (4, 6)
    }
    assert widest == {4: 4, 6: 6}
