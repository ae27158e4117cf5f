import numpy as np

from warp2hdl.kernels import simd_pairs


def value(table, *inputs):
    """The output of a function of three inputs, the first of them the highest bit of the address."""
    x, y, z = inputs
    return table >> (4 * x + 2 * y + z) & 1


def test_every_form_computes_its_table():
    pairs = simd_pairs.pairs()
    rng = np.random.default_rng(0)
    there = np.flatnonzero(pairs[:, 0] != simd_pairs.NONE)
    for table in rng.choice(there, 400).tolist():
        form, inner, outer = pairs[table].tolist()
        a, b, c, d, e = simd_pairs.FORMS[form]
        for address in range(16):
            x = [address >> i & 1 for i in range(4)]
            assert value(outer, value(inner, x[a], x[b], x[c]), x[d], x[e]) == table >> address & 1


def test_more_than_half_of_all_tables_are_pairs():
    there = simd_pairs.pairs()[:, 0] != simd_pairs.NONE
    assert 0.53 < there.mean() < 0.54
    functions_of_three = [table | table << 8 for table in range(256)]
    assert there[functions_of_three].all()
    assert not there[0x1669]  # no two three-input functions make it
