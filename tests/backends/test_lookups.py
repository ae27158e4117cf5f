from warp2hdl.backends.lookups import Lookup, vector_bits, wrap, write_lookups, write_range, write_vector
from warp2hdl.backends.targets import get_target


def test_expressions():
    lookups = [Lookup("n1", 0b1000, ["a", "b"]), Lookup("n2", 0b10, ["n1"])]
    arities = set()
    assert write_lookups(lookups, get_target("generic"), arities) == [[], ["  wire n1 = a & b;", "  wire n2 = n1;"]]
    assert arities == set()


def test_primitives_are_declared_and_counted_and_wires_stay_wires():
    lookups = [Lookup("n1", 0b1000, ["a", "b"]), Lookup("n2", 0b10, ["n1"])]
    arities = set()
    assert write_lookups(lookups, get_target("xilinx"), arities) == [
        ["  wire n1;", "  LUT2 #(.INIT(4'h8)) lut_n1 (.I0(a), .I1(b), .O(n1));"],
        ["  wire n2 = n1;"],
    ]
    assert arities == {2}


def test_wrap():
    line = "assign y = {" + ", ".join(f"n{i}" for i in range(100)) + "};"
    lines = wrap(line).splitlines()
    assert all(len(part) <= 120 for part in lines)
    assert " ".join(part.strip() for part in lines) == line
    assert wrap("short") == "  short"


def test_a_function_stands_above_its_calls_once():
    table = 0x9B1B_026D_40DD_CEC1
    lookups = [Lookup(f"n{i}", table + i, list("abcdef")) for i in range(2)]
    function, primitives, calls = write_lookups(lookups, get_target("generic"), set())
    assert function[0].startswith("  function automatic lut6;")
    assert primitives == []
    assert calls == [f"  wire n{i} = lut6(64'h{table + i:x}, {{f, e, d, c, b, a}});" for i in range(2)]


def test_vectors():
    x, y = vector_bits("x", 4), vector_bits("y", 1)
    assert write_vector(x) == "x"
    assert write_vector([*x[1:3], y[0], x[0]]) == "{x[0], y, x[2:1]}"
    assert write_vector(x[::-1]) == "{x[0], x[1], x[2], x[3]}"
    assert [write_range(4), write_range(1)] == ["[3:0] ", ""]
