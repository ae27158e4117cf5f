"""Random valid circuits for tests."""

from collections.abc import Sequence

import numpy as np

from warp2hdl.encode import Encoder
from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata


def random_encoder(
    rng: np.random.Generator, *, features: int, feature_bits: int | Sequence[int], bits: int | None = None
) -> Encoder:
    """An encoder over whole-number features (scale 1, offset 0); equal comparators may occur.

    Args:
        rng: where every choice comes from.
        features: how many features.
        feature_bits: width of every feature's word, or one width per feature.
        bits: comparators in all; by default as many as there are different ones, at most 4 a feature.
    """
    widths = np.broadcast_to(np.asarray(feature_bits, np.uint8), (features,)).copy()
    tops = (1 << widths.astype(np.int64)) - 1
    if bits is None:
        feature = np.repeat(np.arange(features), np.minimum(tops, 4))
    else:
        feature = np.sort(rng.integers(0, features, bits))
    threshold = rng.integers(1, tops[feature] + 1)
    return Encoder(
        widths,
        np.ones(features, np.float64),
        np.zeros(features, np.float64),
        feature.astype(np.int32),
        threshold.astype(np.uint32),
    )


def random_network(
    rng: np.random.Generator, *, inputs: int, layers: Sequence[tuple[int, int | Sequence[int]]], skips: bool = False
) -> LutNetwork:
    """A LUT network whose outputs are its last layer's nodes, or any signals where `skips` is set.

    Args:
        rng: where every choice comes from.
        inputs: primary inputs.
        layers: (nodes, arity) of each layer; several arities are mixed at random.
        skips: fan-ins come from any earlier signal, repeated ones included, and two constants lead the nodes.
    """
    offsets, fanins, tables = [0], list[int](), list[int]()
    previous = np.arange(inputs)
    signals = inputs
    if skips:
        tables += [0, 1]
        offsets += [0, 0]
        signals += 2
        previous = np.arange(signals)
    for nodes, arities in layers:
        choices = [arities] if isinstance(arities, int) else list(arities)
        for _ in range(nodes):
            arity = int(rng.choice(choices))
            again = skips or arity > len(previous)
            fanins += rng.choice(previous, arity, replace=again).tolist() if arity else []
            offsets.append(len(fanins))
            tables.append(
                int(rng.integers(0, 1 << (1 << arity), dtype=np.uint64, endpoint=False))
                if arity < 6
                else int(rng.integers(0, np.iinfo(np.uint64).max, dtype=np.uint64, endpoint=True))
            )
        previous = np.arange(0 if skips else signals, signals + nodes)
        signals += nodes
    last = layers[-1][0] if layers else 0
    outputs = rng.integers(0, signals, max(last, 1)) if skips else np.arange(signals - last, signals)
    return LutNetwork(
        inputs,
        np.asarray(offsets, np.int64),
        np.asarray(fanins, np.int32),
        np.asarray(tables, np.uint64),
        outputs.astype(np.int32),
    )


def random_circuit(
    rng: np.random.Generator,
    *,
    features: int,
    feature_bits: int | Sequence[int],
    layers: Sequence[tuple[int, int | Sequence[int]]],
    classes: int,
    encoder_bits: int | None = None,
    skips: bool = False,
    name: str = "random",
) -> Circuit:
    """A valid random circuit.

    Groups are equal where the outputs divide by the classes, else as even as they can be. With `skips` the network
    has constants, long wires and repeated fan-ins, outputs tap any signal, group sizes differ (some may be 0), and
    there are biases.

    Args:
        rng: where every choice comes from.
        features: how many features.
        feature_bits: width of every feature's word, or one width per feature.
        layers: (nodes, arity) of each layer; several arities are mixed at random.
        classes: how many classes.
        encoder_bits: comparators in all; by default at most 4 a feature.
        skips: make use of all that the IR allows.
        name: the circuit's name.
    """
    encoder = random_encoder(rng, features=features, feature_bits=feature_bits, bits=encoder_bits)
    network = random_network(rng, inputs=encoder.bits, layers=layers, skips=skips)
    count = len(network.outputs)
    if skips:
        cuts = np.sort(rng.integers(0, count + 1, classes - 1))
        bias = rng.integers(0, 4, classes)
    else:
        cuts = np.arange(1, classes) * count // classes
        bias = np.zeros(classes, np.int64)
    groups = Groups(np.concatenate([[0], cuts, [count]]).astype(np.int64), bias.astype(np.int64))
    metadata = Metadata(name, tuple(f"x{i}" for i in range(features)), tuple(str(c) for c in range(classes)))
    return Circuit(encoder, network, groups, metadata)
