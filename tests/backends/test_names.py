import pytest

from warp2hdl.backends.names import KEYWORDS, feature_identifiers, identifier
from warp2hdl.errors import BackendError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("digits", "digits"),
        ("my net (v2)", "my_net_v2"),
        ("3d", "n3d"),
        ("module", "module_"),
        ("Wire", "Wire_"),
        ("__a__b__", "a_b"),
        ("größe", "gr_e"),
        ("x" * 200, "x" * 64),
    ],
)
def test_identifier(name, expected):
    assert identifier(name) == expected
    assert identifier(name).lower() not in KEYWORDS


@pytest.mark.parametrize("name", ["", "___", "☃"])
def test_hopeless_name(name):
    with pytest.raises(BackendError, match=r"has no letter or digit .*; rename the circuit"):
        identifier(name)


def test_feature_identifiers():
    assert feature_identifiers(("age", "work class=Private")) == ("age", "work_class_Private")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a b", "c", "a_b"), ("f0", "c", "f2")),
        (("A", "a"), ("f0", "f1")),
        (("", "x"), ("f0", "x")),
        (("x", "y" * 41), ("x", "f1")),
        (("f1", "☃", "f2"), ("f0", "f1", "f2")),
        (("f1", "f2"), ("f1", "f2")),
    ],
)
def test_a_feature_has_its_number_where_its_name_does_not_serve(names, expected):
    assert feature_identifiers(names) == expected
