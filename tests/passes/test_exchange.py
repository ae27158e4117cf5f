import numpy as np
import pytest
from hypothesis import given, settings

from tests.passes.cases import AND, NOT, circuits, network
from warp2hdl.errors import FormatError
from warp2hdl.ir import Circuit
from warp2hdl.ir.interpret import evaluate_network
from warp2hdl.passes.exchange import from_bench, to_bench


@settings(max_examples=30, deadline=None)
@given(before=circuits())
def test_there_and_back(before: Circuit) -> None:
    old = before.network
    new = from_bench(to_bench(old), old.inputs, len(old.outputs))
    inputs = np.random.default_rng(0).integers(0, 2**63, (old.inputs, 2)).astype(np.uint64)
    found = [evaluate_network(each, inputs)[each.outputs] for each in (old, new)]
    np.testing.assert_array_equal(found[0], found[1])


def test_the_text() -> None:
    text = to_bench(network(2, [((0, 1), AND), ((), 1)], [2, 3, 0]))
    assert text.splitlines()[5:] == [
        "n0 = LUT 0x8 ( i0, i1 )",
        "n1 = vdd",
        "o0 = BUFF(n0)",
        "o1 = BUFF(n1)",
        "o2 = BUFF(i0)",
    ]


def test_lines_in_any_order_and_inverters() -> None:
    found = from_bench("# by ABC\no0 = NOT(x)\nx = LUT 0x2 ( i0 )\n", 1, 1)
    assert (found.tables.tolist(), found.fanins.tolist(), found.outputs.tolist()) == ([NOT], [0], [1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("o0 = NAND(i0, i0)", "no look-up"),
        ("o0 = LUT 0x2 ( x )", "nothing drives x"),
        ("nonsense", "'nonsense' in line 1"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_bench(text, 1, 1)
