import pytest

from warp2hdl.backends.compress import plan


def lookups(heights, constant=0, lut_inputs=6):
    return sum(
        min(counter.outputs, len(heights) - column) - (sum(counter.takes) == 1)
        for column, counter in plan(heights, constant, lut_inputs)
    )


def bits(size):
    return (size, *[0] * (size.bit_length() - 1))


@pytest.mark.parametrize(("size", "expected"), [(1, 0), (2, 2), (3, 2), (6, 3), (7, 5), (30, 26), (50, 45), (240, 233)])
def test_a_lookup_takes_a_bit_away(size, expected):
    assert lookups(bits(size)) == expected


@pytest.mark.parametrize(("size", "expected"), [(3, 2), (30, 50), (50, 90)])
def test_four_inputs_take_full_adders(size, expected):
    assert lookups(bits(size), lut_inputs=4) == expected


@pytest.mark.parametrize("lut_inputs", [4, 6])
@pytest.mark.parametrize("constant", [0, 1, 6])
def test_every_counter_fits_and_every_bit_is_used_once(lut_inputs, constant):
    for size in (5, 17, 40):
        width = (size + constant).bit_length()
        heights = [size, *[0] * (width - 1)]
        left = [constant >> i & 1 for i in range(width)]
        for column, counter in plan(tuple(heights), constant, lut_inputs):
            assert sum(counter.takes) <= lut_inputs
            for i, taken in enumerate(counter.takes):
                if taken:
                    heights[column + i] -= taken
                    assert heights[column + i] >= 0
            left[column] -= counter.constant
            for i in range(min(counter.outputs, width - column)):
                heights[column + i] += 1
        assert all(h + c <= 1 and c >= 0 for h, c in zip(heights, left, strict=True))


def test_a_sum_of_many_columns():
    assert lookups(bits(600)) == 594


@pytest.mark.parametrize("lut_inputs", [4, 6])
def test_thousands_of_bits(lut_inputs):
    size = 7000
    left = list(bits(size))
    for column, counter in plan(tuple(left), 0, lut_inputs):
        for i, taken in enumerate(counter.takes):
            if taken:
                left[column + i] -= taken
        for i in range(min(counter.outputs, len(left) - column)):
            left[column + i] += 1
    assert max(left) <= 1
    assert lookups(bits(size), lut_inputs=lut_inputs) < (1 if lut_inputs == 6 else 2) * size
