import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.test_bits import make
from warp2hdl.backends.c_text import Names, array, comment, expression, unsigned
from warp2hdl.backends.expression import factor

FULL = (1 << 64) - 1


@given(st.integers(0, 6).flatmap(lambda k: st.tuples(st.integers(0, (1 << (1 << k)) - 1), st.just(k))))
def test_expression_of_any_table(case):
    table, arity = case
    names = [f"w{j}" for j in range(arity)]
    text = expression(factor(table, arity), names).replace("UINT64_C(0)", "0")
    # Lane a holds address a. Operators and precedences are those of Python.
    lanes = {name: sum(1 << a for a in range(64) if a >> j & 1) for j, name in enumerate(names)}
    found = eval(text, {}, lanes) & FULL
    assert [found >> a & 1 for a in range(1 << arity)] == [table >> a & 1 for a in range(1 << arity)]


def test_expressions_have_parentheses_where_compilers_want_them():
    assert expression(factor(0xD8, 3), ["s", "a", "b"]) == "(s & a) | (~s & b)"
    assert expression(factor(0b0111, 2), ["a", "b"]) == "~(a & b)"
    assert expression(factor(0x96, 3), ["a", "b", "c"]) == "a ^ b ^ c"


@pytest.mark.parametrize(("maximum", "bits"), [(0, 8), (255, 8), (256, 16), (65536, 32), (1 << 32, 64)])
def test_smallest_type(maximum, bits):
    assert unsigned(maximum) == f"uint{bits}_t"


def test_array():
    assert array("a", [1, 300]) == "static const uint16_t a[2] = {\n    1, 300,\n};"
    assert array("a", [FULL]) == "static const uint64_t a[1] = {\n    0xffffffffffffffff,\n};"


def test_comment():
    assert comment(["a", "", "b"]) == "/*\n * a\n *\n * b\n */"


def test_names_fill_the_longest_key_first():
    names = Names.of(make(name="Net"))
    assert names.fill("@net @NET_X @class @class_bits", class_bits=3, **{"class": np.int64(2)}) == "Net NET_X 2 3"
