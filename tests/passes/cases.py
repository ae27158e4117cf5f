"""Small circuits written by hand, and random ones with all that passes look for."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from tests.circuits import random_circuit
from warp2hdl.encode import Encoder
from warp2hdl.ir import Circuit, Groups, LutNetwork, Metadata, scores, verify

Node = tuple[Sequence[int], int]

WIRE, NOT = 0b10, 0b01
AND, OR, XOR = 0b1000, 0b1110, 0b0110


def network(inputs: int, nodes: Sequence[Node], outputs: Sequence[int]) -> LutNetwork:
    """A network from (fan-ins, table) pairs."""
    return LutNetwork(
        inputs,
        np.cumsum([0] + [len(fanins) for fanins, _ in nodes]).astype(np.int64),
        np.array([signal for fanins, _ in nodes for signal in fanins], np.int32),
        np.array([table for _, table in nodes], np.uint64),
        np.array(outputs, np.int32),
    )


def circuit(
    inputs: int, nodes: Sequence[Node], outputs: Sequence[Sequence[int]], bits: Sequence[tuple[int, int]] | None = None
) -> Circuit:
    """A circuit of 4-bit features, one per input unless `bits` (feature, threshold) says else.

    Args:
        inputs: how many encoder bits.
        nodes: (fan-ins, table) of each.
        outputs: the signals of each class.
        bits: feature and threshold of each encoder bit.
    """
    bits = [(i, 8) for i in range(inputs)] if bits is None else bits
    features = max(feature for feature, _ in bits) + 1
    encoder = Encoder(
        np.full(features, 4, np.uint8),
        np.ones(features),
        np.zeros(features),
        np.array([feature for feature, _ in bits], np.int32),
        np.array([threshold for _, threshold in bits], np.uint32),
    )
    groups = Groups(np.cumsum([0] + [len(o) for o in outputs]).astype(np.int64), np.zeros(len(outputs), np.int64))
    names = Metadata("case", tuple(f"x{i}" for i in range(features)), tuple(str(c) for c in range(len(outputs))))
    made = Circuit(encoder, network(inputs, nodes, [signal for o in outputs for signal in o]), groups, names)
    verify(made)
    return made


def nodes_of(found: Circuit) -> list[tuple[list[int], int]]:
    """(fan-ins, table) of each node."""
    n = found.network
    return [
        (n.fanins[a:b].tolist(), int(t))
        for a, b, t in zip(n.fanin_offsets, n.fanin_offsets[1:], n.tables, strict=False)
    ]


def all_scores(found: Circuit, samples: int = 70) -> np.ndarray:
    """Scores of random words, the same words for every circuit of the same features."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2 ** found.encoder.feature_bits.astype(np.int64), (samples, found.encoder.features))
    return scores(found, words.astype(np.uint16))


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    """Random circuits with repeated fan-ins, constants, equal comparators and unread nodes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arities = draw(st.sampled_from([(0, 1, 2), (1, 2, 3), (2,), (4, 6), (0, 1, 2, 3, 4, 5, 6)]))
    layers = [(draw(st.integers(1, 12)), arities) for _ in range(draw(st.integers(1, 4)))]
    return random_circuit(
        rng,
        features=3,
        feature_bits=[1, 2, 3],
        layers=layers,
        classes=draw(st.integers(2, 4)),
        encoder_bits=draw(st.integers(1, 9)),
        skips=draw(st.booleans()),
    )


def all_words(found: Circuit) -> np.ndarray:
    """Every combination of the feature words: for circuits of a few bits."""
    tops = [1 << int(bits) for bits in found.encoder.feature_bits]
    return np.stack(np.meshgrid(*map(np.arange, tops), indexing="ij"), -1).reshape(-1, len(tops)).astype(np.uint16)


def differences(found: Circuit, words: np.ndarray) -> np.ndarray:
    """How far the scores of each class lie above those of class 0."""
    of_all = scores(found, words)
    return of_all - of_all[:, :1]


@st.composite
def voted(draw: st.DrawFn) -> Circuit:
    """Random circuits over thermometers whose classes count signals several times, in both phases, and in common."""
    before = draw(circuits())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    old, classes = before.network, before.groups.classes
    signals = old.inputs + old.nodes
    chosen = rng.integers(0, signals, draw(st.integers(1, 6)))
    nodes = [*nodes_of(before), *(([int(s)], NOT) for s in chosen)]
    ballots = [rng.integers(0, signals + len(chosen), rng.integers(0, 12)) for _ in range(classes)]
    ballots = [np.concatenate([ballot, np.repeat(chosen[:2], 3)]) for ballot in ballots]
    grown = network(old.inputs, nodes, [int(s) for ballot in ballots for s in ballot])
    offsets = np.cumsum([0] + [len(ballot) for ballot in ballots]).astype(np.int64)
    made = Circuit(before.encoder, grown, Groups(offsets, before.groups.bias + 1), before.metadata)
    verify(made)
    return made
