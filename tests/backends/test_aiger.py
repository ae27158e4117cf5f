from dataclasses import replace

import numpy as np
import pytest

from tests.backends.test_bits import expected_bits, make
from tests.backends.test_pipeline import random_words
from tests.backends.yosys_abc import abc, proves_equal
from warp2hdl.backends import blif
from warp2hdl.backends.aiger import convert
from warp2hdl.backends.bits import bit_network, word_bits


def read(data):
    """Header numbers, output literals, ANDs as pairs of literals, and the text behind them."""
    header, _, rest = data.partition(b"\n")
    maximum, inputs, latches, outputs, ands = map(int, header.split()[1:])
    assert header.startswith(b"aig ") and latches == 0 and maximum == inputs + ands
    *lines, rest = rest.split(b"\n", outputs)
    position, pairs = 0, []

    def number():
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = rest[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    for i in range(ands):
        a = 2 * (inputs + i + 1) - number()
        b = a - number()
        assert 2 * (inputs + i + 1) > a >= b >= 0
        pairs.append((a, b))
    return inputs, [int(line) for line in lines], pairs, rest[position:].decode("ascii")


def evaluate(data, inputs):
    """Input bits `[batch, inputs]` -> output bits `[batch, outputs]`."""
    count, outputs, pairs, _ = read(data)
    assert count == inputs.shape[1]
    values = [np.zeros(len(inputs), bool), *inputs.T]

    def literal(number):
        return values[number >> 1] ^ bool(number & 1)

    for a, b in pairs:
        values.append(literal(a) & literal(b))
    return np.stack([literal(number) for number in outputs], axis=1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("skips", [False, True])
def test_the_graph_computes_the_circuit(seed, skips):
    circuit = make(seed, layers=[(20, (seed % 6 + 1, 6)), (12, 3)], skips=skips, classes=2 + seed)
    words = random_words(circuit, 50)
    found = evaluate(convert(circuit), word_bits(circuit.encoder, words))
    assert np.array_equal(found, expected_bits(circuit, words))


def test_no_and_stands_twice_or_is_trivial():
    _, _, pairs, _ = read(convert(make(layers=[(40, 6), (30, 4)])))
    assert len(set(pairs)) == len(pairs)
    assert all(b >= 2 and a >> 1 != b >> 1 for a, b in pairs)


def test_symbols_and_comment():
    circuit = make(name="net")
    bits = bit_network(circuit)
    lines = read(convert(circuit))[3].splitlines()
    symbols = [f"i{i} {name}" for i, name in enumerate(bits.inputs)]
    symbols += [f"o{i} {name}" for i, name in enumerate(bits.outputs)]
    assert lines[: len(symbols) + 1] == [*symbols, "c"]
    assert f"circuit   sha256 {circuit.sha256}" in lines


@pytest.mark.parametrize("options", [{}, {"skips": True}, {"classes": 10, "layers": [(60, 6)]}, {"feature_bits": 1}])
def test_abc_proves_it_equal_to_the_blif(options, tmp_path):
    circuit = make(3, **options)
    first, second = tmp_path / "net.aig", tmp_path / "net.blif"
    first.write_bytes(convert(circuit))
    second.write_text(blif.convert(circuit))
    assert proves_equal(first, second)


def test_abc_finds_an_inverted_look_up(tmp_path):
    circuit = make(3)
    tables = circuit.network.tables.copy()
    tables[circuit.network.outputs[0] - circuit.network.inputs] ^= np.uint64(0xFF)
    changed = replace(circuit, network=replace(circuit.network, tables=tables))
    first, second = tmp_path / "net.aig", tmp_path / "net.blif"
    first.write_bytes(convert(circuit))
    second.write_text(blif.convert(changed))
    assert not proves_equal(first, second)


def test_abc_reads_the_names(tmp_path):
    path = tmp_path / "net.aig"
    circuit = make()
    path.write_bytes(convert(circuit))
    found = abc(f"read_aiger {path}", "print_io")
    assert "31=in_features[31]" in found and "0=out_class[0] 1=out_class[1] 2=out_scores[0]" in found
