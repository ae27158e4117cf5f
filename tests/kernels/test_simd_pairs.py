import numpy as np

from warp2hdl.kernels import simd_pairs


def value(table, *inputs):
    """The output of a function of three inputs, the first of them the highest bit of the address."""
    x, y, z = inputs
    return table >> (4 * x + 2 * y + z) & 1


def computed(form, inner, outer, x):
    if form >= len(simd_pairs.TWO):
        a, b, c = simd_pairs.ONE[form - len(simd_pairs.TWO)]
        return value(inner, x[a], x[b], x[c])
    a, b, c, d, e = simd_pairs.TWO[form]
    return value(outer, value(inner, x[a], x[b], x[c]), x[d], x[e])


def test_every_form_computes_its_table():
    forms = simd_pairs.forms()
    rng = np.random.default_rng(0)
    numbers = [rng.choice(np.flatnonzero(simd_pairs.costs() == cost), 300) for cost in (1, 2)]
    for table in np.concatenate(numbers).tolist():
        for address in range(16):
            x = [address >> i & 1 for i in range(4)]
            assert computed(*forms[table].tolist(), x) == table >> address & 1


def test_the_first_input_of_a_form_is_read_once():
    assert all(a not in (b, c, d, e) for a, b, c, d, e in simd_pairs.TWO)
    assert all(len(set(form)) == 3 for form in simd_pairs.ONE)


def test_costs():
    costs = simd_pairs.costs()
    assert np.bincount(costs).tolist() == [0, 942, 34_250, 30_344]
    functions_of_three = [table | table << 8 for table in range(256)]
    assert (costs[functions_of_three] == 1).all()
    assert costs[0x6996] == 2  # parity
    assert costs[0x1669] == 3  # no two three-input functions make it
    assert np.array_equal(costs, costs[::-1])  # of the inverse
