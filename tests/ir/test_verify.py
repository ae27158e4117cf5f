from dataclasses import replace

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.errors import VerifyError
from warp2hdl.ir import INVARIANTS, Circuit, verify


@pytest.fixture
def circuit() -> Circuit:
    rng = np.random.default_rng(0)
    return random_circuit(rng, features=3, feature_bits=[2, 4, 8], layers=[(6, (1, 2, 4, 6)), (6, 3)], classes=3)


def edit(circuit: Circuit, name: str, values: object) -> Circuit:
    """The circuit with one field replaced; `name` is PART.FIELD."""
    part, _, field = name.partition(".")
    return replace(circuit, **{part: replace(getattr(circuit, part), **{field: values})})


def poke(circuit: Circuit, name: str, at: int, value: float) -> Circuit:
    """The circuit with one element of one array replaced."""
    array = circuit.arrays()[name].copy()
    array[at] = value
    return edit(circuit, name, array)


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_random_circuits_are_valid(seed: int, skips: bool) -> None:
    rng = np.random.default_rng(seed)
    verify(random_circuit(rng, features=2, feature_bits=16, layers=[(7, (0, 1, 6))], classes=2, skips=skips))


def test_a_node_may_read_a_signal_twice(circuit: Circuit) -> None:
    n = circuit.network
    node = int(np.flatnonzero(n.arities >= 2)[0])
    start = n.fanin_offsets[node]
    verify(poke(circuit, "network.fanins", start + 1, n.fanins[start]))


POKES = [
    ("encoder.feature_bits", 1, 17, "feature_bits", "feature 1 has 17 bits"),
    ("encoder.feature_bits", 0, 0, "feature_bits", "feature 0 has 0 bits"),
    ("encoder.scale", 2, np.nan, "feature_scale", "feature 2 has scale nan"),
    ("encoder.scale", 2, 0.0, "feature_scale", "feature 2 has scale 0.0"),
    ("encoder.offset", 1, np.inf, "feature_scale", "feature 1"),
    ("encoder.bit_feature", 4, 3, "encoder_bits", "bit 4 looks at feature 3 of 3"),
    ("encoder.bit_threshold", 0, 4, "thresholds", "bit 0 compares with 4, not 1 to 3"),
    ("encoder.bit_threshold", 0, 0, "thresholds", "bit 0 compares with 0"),
    ("network.fanin_offsets", 0, 1, "fanin_offsets", "not from 0"),
    ("network.fanin_offsets", 3, 1000, "fanin_offsets", "fall at node 3"),
    ("network.fanins", -1, -1, "topological_order", "node 11"),
    ("network.fanins", -1, 10**6, "topological_order", "node 11"),
    ("network.tables", 11, 0x100, "table_width", "node 11 has 3 fan-ins and the table 0x100"),
    ("network.outputs", 5, 10**6, "outputs", "output 5 is signal 1000000"),
    ("groups.offsets", 0, 1, "groups", "run from 1"),
    ("groups.offsets", 1, 6, "groups", "fall at class 1"),
    ("groups.bias", 2, -1, "bias", "class 2 has the bias -1"),
]


@pytest.mark.parametrize(("name", "at", "value", "invariant", "text"), POKES)
def test_a_wrong_element_is_named(
    circuit: Circuit, name: str, at: int, value: float, invariant: str, text: str
) -> None:
    with pytest.raises(VerifyError, match=rf"invariant {invariant}: .*{text}"):
        verify(poke(circuit, name, at, value))


def test_a_node_that_reads_itself_is_named(circuit: Circuit) -> None:
    own = circuit.network.inputs + 11
    with pytest.raises(VerifyError, match=f"node 11 .signal {own}. reads signal {own}"):
        verify(poke(circuit, "network.fanins", -1, own))


def test_seven_fanins_are_too_many(circuit: Circuit) -> None:
    offsets = circuit.network.fanin_offsets.copy()
    offsets[1:-1] = np.minimum(offsets[1:-1], 0)
    offsets[-2:] = [len(circuit.network.fanins) - 7, len(circuit.network.fanins)]
    offsets[1:-2] = np.minimum(np.arange(1, len(offsets) - 2) * 6, offsets[-2])
    with pytest.raises(VerifyError, match="invariant arity: node 11 has 7 fan-ins"):
        verify(edit(circuit, "network.fanin_offsets", offsets))


FIELDS = [
    ("encoder.scale", np.ones(2), "encoder_lengths", "lengths 3, 2, 3"),
    ("encoder.bit_threshold", np.ones(1, np.uint32), "encoder_lengths", "and 1"),
    ("encoder.offset", np.zeros(3, np.float32), "array_types", "float32"),
    ("network.fanins", np.zeros((2, 2), np.int32), "array_types", r"shape \(2, 2\)"),
    ("network.tables", None, "array_types", "network.tables is not an array"),
    ("network.inputs", 7, "network_inputs", "7 inputs"),
    ("network.fanin_offsets", np.zeros(3, np.int64), "fanin_offsets", "3 offsets for 12 nodes"),
    ("network.outputs", np.zeros(5, np.int32), "groups", "0 to 6, not 0 to 5"),
    ("groups.offsets", np.array([0, 6]), "groups", "2 offsets for 3 classes"),
    ("groups.bias", np.zeros(1, np.int64), "groups", "1 classes"),
    ("metadata.name", "a/b", "names", "'a/b' is not a Verilog identifier"),
    ("metadata.feature_names", ("a",), "names", "1 feature names for 3 features"),
    ("metadata.class_names", ("a",), "names", "1 class names for 3 classes"),
]


@pytest.mark.parametrize(("name", "value", "invariant", "text"), FIELDS)
def test_a_wrong_field_is_named(circuit: Circuit, name: str, value: object, invariant: str, text: str) -> None:
    with pytest.raises(VerifyError, match=rf"invariant {invariant}: .*{text}"):
        verify(edit(circuit, name, value))


def test_a_circuit_without_features_is_not_valid(circuit: Circuit) -> None:
    empty = replace(circuit.encoder, feature_bits=np.zeros(0, np.uint8), scale=np.zeros(0), offset=np.zeros(0))
    with pytest.raises(VerifyError, match="there are no features"):
        verify(replace(circuit, encoder=empty))


def test_every_invariant_is_broken_by_a_test() -> None:
    broken = {case[3] for case in POKES} | {case[2] for case in FIELDS} | {"arity"}
    assert broken == {invariant.__name__ for invariant in INVARIANTS}
