from warp2hdl.backends.lookups import Lookup, wrap, write_lookups
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
