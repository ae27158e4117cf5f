import numpy as np

from benchmarks.infer import gate_circuit
from warp2hdl import ir
from warp2hdl.ir.verify import verify

GATES = (
    lambda a, b: 0 * a,
    lambda a, b: a & b,
    lambda a, b: a & ~b,
    lambda a, b: a,
    lambda a, b: b & ~a,
    lambda a, b: b,
    lambda a, b: a ^ b,
    lambda a, b: a | b,
)
"""difflogic's first eight gates; the others are their inverses, in the opposite order."""


def gate(number, a, b):
    return GATES[number](a, b) & 1 if number < 8 else 1 - (GATES[15 - number](a, b) & 1)


def test_gates_are_those_of_difflogic(tmp_path):
    rng = np.random.default_rng(0)
    inputs, widths = 12, (32, 40)
    arrays, previous = {}, inputs
    for number, width in enumerate(widths):
        arrays[f"a{number}"], arrays[f"b{number}"] = rng.integers(0, previous, (2, width)).astype(np.int32)
        arrays[f"gate{number}"] = (np.arange(width) % 16).astype(np.uint8)
        previous = width
    np.savez(tmp_path / "network.npz", **arrays)
    circuit = gate_circuit(tmp_path / "network.npz", inputs)
    verify(circuit)
    x = rng.integers(0, 2, (100, inputs))
    values = x
    for number in range(len(widths)):
        a, b, gates = (arrays[f"{name}{number}"] for name in ("a", "b", "gate"))
        values = np.stack([gate(g, values[:, i], values[:, j]) for i, j, g in zip(a, b, gates, strict=True)], axis=1)
    assert np.array_equal(ir.scores(circuit, x.astype(np.uint8)), values.reshape(100, 10, 4).sum(axis=2))
