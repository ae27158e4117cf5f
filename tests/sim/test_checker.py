from hypothesis import given, settings
from hypothesis import strategies as st

from warp2hdl.sim.checker import Checker, Expected, Mismatch
from warp2hdl.sim.monitor import Result

EXPECTED = [Expected(c, s) for c, s in [(0, 0b0001), (1, 0b0100), (1, 0b1000)]]
CHECKER = Checker(EXPECTED, latency_cycles=3, period=10, score_bits=2, classes=2)
SENT = [10, 30, 40]
RIGHT = [Result(time + 30, *expected) for time, expected in zip(SENT, EXPECTED, strict=True)]


def with_result(index, **changes):
    return [r._replace(**changes) if i == index else r for i, r in enumerate(RIGHT)]


def test_equal_results_at_the_right_time_pass():
    assert CHECKER.check(SENT, RIGHT) == []


def test_a_wrong_class_is_found():
    assert CHECKER.check(SENT, with_result(1, class_id=0)) == [
        Mismatch(1, "class 1, scores [0, 1]", "class 0, scores [0, 1]")
    ]


def test_a_wrong_score_is_found_even_where_the_class_is_right():
    found = CHECKER.check(SENT, with_result(2, scores=0b1100))
    assert found == [Mismatch(2, "class 1, scores [0, 2]", "class 1, scores [0, 3]")]


def test_undefined_values_are_found():
    assert CHECKER.check(SENT, with_result(0, class_id=None))[0].actual == "undefined class (X), scores [1, 0]"
    assert CHECKER.check(SENT, with_result(0, scores=None))[0].actual == "class 0, undefined scores (X)"


def test_a_wrong_latency_is_found():
    late = [result._replace(time=result.time + 10) for result in RIGHT]
    assert CHECKER.check(SENT, late) == [Mismatch(i, "latency 3", "latency 4") for i in range(3)]


def test_missing_and_surplus_results_are_found():
    assert CHECKER.check(SENT, RIGHT[:1]) == [
        Mismatch(1, "class 1, scores [0, 1]", "no result"),
        Mismatch(2, "class 1, scores [0, 2]", "no result"),
    ]
    surplus = [*RIGHT, Result(100, 1, 0)]
    assert CHECKER.check(SENT, surplus) == [Mismatch(3, "no further result", "class 1, scores [0, 0]")]


def test_without_scores_only_the_class_is_named():
    checker = Checker([Expected(4, None)])
    assert checker.check([0], [Result(0, 4, None)]) == []
    assert checker.check([0], [Result(0, 5, None)]) == [Mismatch(0, "class 4", "class 5")]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.data())
def test_any_one_fault_is_found_at_its_place(classes, data):
    index = data.draw(st.integers(0, len(classes) - 1))
    checker = Checker([Expected(c, None) for c in classes], latency_cycles=2)
    results = [Result(time + 2, c, None) for time, c in enumerate(classes)]
    results[index] = results[index]._replace(class_id=classes[index] + 1)
    assert [m.vector for m in checker.check(range(len(classes)), results)] == [index]
