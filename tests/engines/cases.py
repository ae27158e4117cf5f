"""Random circuits of every shape that the IR allows, as a hypothesis strategy."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.circuits import random_circuit
from warp2hdl.encode import Encoder
from warp2hdl.ir import Circuit, Groups, LutNetwork
from warp2hdl.ir.verify import verify


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    """Mixed arities, constants, wires from inputs to outputs, repeated outputs, empty groups, biases, odd encoders."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    features = draw(st.sampled_from([1, 2, 7, 16, 40, 64, 65, 150]))
    widths = draw(st.sampled_from([1, 3, 8, 9, 16, "mixed"]))
    arities = draw(st.sampled_from([(2,), (1, 2, 3), (0, 1, 2, 3, 4, 5, 6), (6,), (4, 5)]))
    layers = draw(st.lists(st.integers(1, 90), max_size=4))
    circuit = random_circuit(
        rng,
        features=features,
        feature_bits=rng.integers(1, 17, features).tolist() if widths == "mixed" else widths,
        layers=[(nodes, arities) for nodes in layers],
        classes=draw(st.sampled_from([2, 3, 10, 17, 300])),
        encoder_bits=draw(st.sampled_from([1, 5, 70, 200])),
        skips=draw(st.booleans()),
    )
    encoder = circuit.encoder
    if draw(st.booleans()):
        encoder = with_scale(rng, encoder)
    groups = circuit.groups
    if draw(st.booleans()):
        groups = Groups(groups.offsets, groups.bias + rng.integers(0, 2**31 - 300, len(groups.bias)))
    found = replace(circuit, encoder=encoder, groups=groups)
    verify(found)
    return found


def with_scale(rng: np.random.Generator, encoder: Encoder) -> Encoder:
    """The encoder of features that are no words yet: some thresholds lie below or above all that a byte can be."""
    scale = rng.choice([0.1, 0.5, 1.0, 1.7, 300.0], encoder.features)
    return replace(encoder, scale=scale, offset=rng.choice([-40.0, 0.0, 0.25, 100.5], encoder.features))


def samples(rng: np.random.Generator, circuit: Circuit, batch: int, dtype: type) -> np.ndarray:
    """Features `[batch, features]` around the values at which the circuit's comparators change."""
    encoder = circuit.encoder
    top = (1 << encoder.feature_bits.astype(np.int64)) + 1
    words = rng.integers(0, top, (batch, encoder.features))
    values = words / encoder.scale + encoder.offset
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        values = np.clip(np.round(values), limits.min, limits.max)
    return values.astype(dtype)


def network_values(network: LutNetwork, inputs: list[int]) -> list[int]:
    """Every signal of a network for one sample, in plain Python."""
    values = list(inputs)
    for node in range(network.nodes):
        first, last = network.fanin_offsets[node : node + 2]
        address = sum(values[f] << j for j, f in enumerate(network.fanins[first:last]))
        values.append(int(network.tables[node]) >> address & 1)
    return values
