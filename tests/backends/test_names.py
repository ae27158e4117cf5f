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


@pytest.mark.parametrize("names", [("a b", "a_b"), ("A", "a"), ("", "x"), ("y" * 41, "x")])
def test_features_are_numbered_where_names_do_not_serve(names):
    assert feature_identifiers(names) == ("f0", "f1")
