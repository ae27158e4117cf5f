import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warp2hdl.backends.expression import expression, function, look_up, widen


def evaluate(text: str, values: dict[str, int]) -> int:
    """A one-bit Verilog expression by Verilog's precedences: ~ & ^ | ?:."""
    tokens = re.findall(r"\w+\[\d+\]|1'b[01]|\w+|[~&^|?:()]", text)
    assert "".join(tokens) == text.replace(" ", "")

    def ternary() -> int:
        condition = binary(0)
        if tokens[:1] != ["?"]:
            return condition
        tokens.pop(0)
        high = ternary()
        assert tokens.pop(0) == ":"
        low = ternary()
        return high if condition else low

    def binary(rank: int) -> int:
        if rank == 3:
            return unary()
        value = binary(rank + 1)
        while tokens[:1] == ["|^&"[rank]]:
            tokens.pop(0)
            other = binary(rank + 1)
            value = (value | other, value ^ other, value & other)[rank]
        return value

    def unary() -> int:
        token = tokens.pop(0)
        if token == "~":
            return 1 - unary()
        if token == "(":
            value = ternary()
            assert tokens.pop(0) == ")"
            return value
        return int(token[-1]) if token.startswith("1'b") else values[token]

    found = ternary()
    assert not tokens
    return found


def check(table: int, arity: int) -> str:
    names = [f"x[{j + 7}]" for j in range(arity)]
    text = expression(table, names)
    for address in range(1 << arity):
        values = {name: address >> j & 1 for j, name in enumerate(names)}
        assert evaluate(text, values) == table >> address & 1, (text, address)
    if table not in (0, (1 << (1 << arity)) - 1):
        assert "1'b" not in text
    return text


@pytest.mark.parametrize("arity", [0, 1, 2, 3])
def test_every_small_table(arity):
    for table in range(1 << (1 << arity)):
        check(table, arity)


@given(st.integers(4, 6).flatmap(lambda k: st.tuples(st.integers(0, (1 << (1 << k)) - 1), st.just(k))))
def test_large_tables(case):
    check(*case)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (0b0000, "1'b0"),
        (0b1111, "1'b1"),
        (0b1010, "a"),
        (0b0011, "~b"),
        (0b1000, "a & b"),
        (0b0111, "~(a & b)"),
        (0b1110, "a | b"),
        (0b0001, "~(a | b)"),
        (0b0110, "a ^ b"),
        (0b1001, "a ^ ~b"),
        (0b0010, "a & ~b"),
        (0b1101, "~a | b"),
    ],
)
def test_two_inputs_read_as_people_write_them(table, text):
    assert expression(table, ["a", "b"]) == text


def test_a_multiplexer_and_a_parity():
    mux = sum(1 << a for a in range(8) if (a >> 1 & 1 if a & 1 else a >> 2 & 1))
    assert expression(mux, ["s", "p", "q"]) == "s ? p : q"
    parity = sum(1 << a for a in range(64) if a.bit_count() & 1)
    assert expression(parity, list("abcdef")).count("^") == 5
    assert len(expression(parity, list("abcdef"))) == len("a ^ b ^ c ^ d ^ e ^ f")


def test_widen_repeats_the_table():
    assert widen(0b10, 1) == 0xAAAA_AAAA_AAAA_AAAA
    assert widen(1, 0) == (1 << 64) - 1


def run_function(lines: list[str], table: int, address: int) -> int:
    """The function's statements by a reader that knows no more than they need."""
    arity = int(re.match(r"function automatic lut(\d);", lines[0])[1])
    names = {f"t{arity}": table}
    for line in lines:
        if found := re.fullmatch(r" *(\w+) = a\[(\d)\] \? (\w+)\[(\d+)(?::(\d+))?\] : \3\[(\d+)(?::(\d+))?\];", line):
            target, bit, source, *bounds = found.groups()
            high, low = (bounds[0], bounds[1]), (bounds[2], bounds[3])
            msb, lsb = high if address >> int(bit) & 1 else low
            lsb = lsb or msb
            names[target] = names[source] >> int(lsb) & ((1 << (int(msb) - int(lsb) + 1)) - 1)
    return names[f"lut{arity}"]


@pytest.mark.parametrize("arity", [5, 6])
def test_the_function_looks_a_table_up(arity):
    table = 0x9B1B_026D_40DD_CEC1 & ((1 << (1 << arity)) - 1)
    for address in range(1 << arity):
        assert run_function(function(arity), table, address) == table >> address & 1


def test_long_expressions_become_calls():
    assert look_up(0x96, list("abc")) == expression(0x96, list("abc"))
    assert look_up(1 << 63, list("abcdef")) == expression(1 << 63, list("abcdef"))
    assert look_up(0x177E_7EE8, list("abcde")) == "lut5(32'h177e7ee8, {e, d, c, b, a})"
    assert look_up(0x9B1B_026D_40DD_CEC1, list("abcdef")) == "lut6(64'h9b1b026d40ddcec1, {f, e, d, c, b, a})"
