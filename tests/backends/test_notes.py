from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.test_bits import make
from warp2hdl.backends.notes import describe, plain

HOSTILE = 'a*/ b/* ??/ "c" \\\n# é\u2028\x00'


@given(st.text(alphabet=st.sampled_from("*/?\\\n&#; aé"), max_size=20))
def test_plain_text_ends_no_comment(text):
    found = plain(text)
    assert found.isascii() and found.isprintable()
    assert not any(part in found for part in ("*/", "/*", "??", "\\"))


def test_plain_leaves_ordinary_names_alone():
    assert plain("petal width (cm) > 3") == "petal width (cm) > 3"


def test_hostile_names_stay_within_their_lines():
    circuit = make(classes=2)
    metadata = replace(circuit.metadata, class_names=(HOSTILE, "b"), feature_names=(HOSTILE,) * 5)
    lines = describe(replace(circuit, metadata=metadata))
    text = "\n".join(lines)
    assert text.isascii() and "\\" not in text and "*/" not in text and "/*" not in text
    assert "0 = a*&#47; b/&#42; ?&#63;/" in text


def test_accuracy_hash_and_encoding_are_there():
    circuit = make(features=3, feature_bits=(4, 4, 8), classes=3)
    encoder = replace(circuit.encoder, scale=np.array([0.5, 0.5, 2.0]), offset=np.array([0.0, 0.0, -1.5]))
    metadata = replace(circuit.metadata, info={"accuracy": {"test": 0.975}})
    circuit = replace(circuit, encoder=encoder, metadata=metadata)
    lines = describe(circuit)
    assert f"circuit   sha256 {circuit.sha256}" in lines
    assert "accuracy  test: 0.975" in lines
    assert "  0: x0: 4 bits, scale 0.5, offset 0.0" in lines and "  2: x2: 8 bits, scale 2.0, offset -1.5" in lines
    assert "Classes: 0 = 0, 1 = 1, 2 = 2." in lines


def test_many_equal_features_share_a_line():
    circuit = make(features=100, feature_bits=8)
    assert "  0 .. 99: x0 .. x99: 8 bits, scale 1.0, offset 0.0" in describe(circuit)
