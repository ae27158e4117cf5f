import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.test_bits import expected_bits, make
from tests.backends.test_pipeline import random_words
from tests.backends.yosys_abc import abc
from warp2hdl.backends.bits import bit_network, word_bits
from warp2hdl.backends.blif import convert, cover


def matches(rows, value, address):
    """What the lines of a `.names` say of an address."""
    hit = any(all(c == "-" or int(c) == address >> j & 1 for j, c in enumerate(row)) for row in rows)
    return hit == (value == "1")


def read(text):
    """The model's name, inputs, outputs and `.names`, each as its signals and lines."""
    text = "\n".join(line for line in text.replace("\\\n", " ").splitlines() if not line.startswith("#"))
    lines = [line.split() for line in text.splitlines()]
    assert lines[-1] == [".end"]
    (name,), inputs, outputs = (words[1:] for words in lines[:3])
    names = []
    for words in lines[3:-1]:
        if words[0] == ".names":
            names.append((words[1:], []))
        else:
            names[-1][1].append(words)
    return name, inputs, outputs, names


def evaluate(text, inputs):
    """Input bits `[batch, inputs]` -> output bits `[batch, outputs]`."""
    _, in_names, out_names, nodes = read(text)
    values = dict(zip(in_names, inputs.T, strict=True))
    for (*fanins, name), lines in nodes:
        assert len(fanins) <= 6
        rows, polarity = [words[0] for words in lines], (lines or [["", "1"]])[0][-1]
        if not fanins:
            values[name] = np.full(len(inputs), bool(lines))
            continue
        address = sum(values[f].astype(int) << j for j, f in enumerate(fanins))
        table = [matches(rows, polarity, a) for a in range(1 << len(fanins))]
        values[name] = np.array(table)[address]
    return np.stack([values[name] for name in out_names], axis=1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("skips", [False, True])
def test_the_text_computes_the_circuit(seed, skips):
    circuit = make(seed, layers=[(20, (seed % 6 + 1, 6)), (12, 3)], skips=skips, classes=2 + seed)
    words = random_words(circuit, 50)
    found = evaluate(convert(circuit), word_bits(circuit.encoder, words))
    assert np.array_equal(found, expected_bits(circuit, words))


def test_names_and_comment():
    circuit = make(name="net")
    text = convert(circuit)
    name, inputs, outputs, _ = read(text)
    bits = bit_network(circuit)
    assert (name, tuple(inputs), tuple(outputs)) == ("net", bits.inputs, bits.outputs)
    assert f"# circuit   sha256 {circuit.sha256}\n" in text and "\n# layer 2\n" in text
    assert max(map(len, text.splitlines())) <= 120


def test_abc_reads_it(tmp_path):
    path = tmp_path / "net.blif"
    circuit = make(name="net")
    path.write_text(convert(circuit))
    outputs = len(bit_network(circuit).outputs)
    assert f"i/o =   32/{outputs:5}" in abc(f"read_blif {path}", "print_stats")


@given(st.integers(0, 6).flatmap(lambda k: st.tuples(st.integers(0, (1 << (1 << k)) - 1), st.just(k))))
def test_cover_of_any_table(case):
    table, arity = case
    lines = [line.split() for line in cover(table, arity)]
    if arity == 0:
        assert lines == [["1"]] * table
        return
    assert len({value for _, value in lines}) <= 1
    for address in range(1 << arity):
        value = lines[0][1] if lines else "1"
        assert matches([row for row, _ in lines], value, address) == bool(table >> address & 1)


@pytest.mark.parametrize(
    ("table", "arity", "lines"),
    [
        (0b1000, 2, ("11 1",)),
        (0b1110, 2, ("00 0",)),
        (0b1010, 2, ("1- 1",)),
        (0b0110, 2, ("01 1", "10 1")),
        (0, 3, ()),
        (0b1111, 2, ("-- 1",)),
    ],
)
def test_covers_are_short(table, arity, lines):
    assert tuple(sorted(cover(table, arity))) == lines
