import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from warp2hdl.config import EncoderConfig
from warp2hdl.encode import Encoder, fit_encoder
from warp2hdl.errors import ConfigError
from warp2hdl.nn.thresholds import Thresholds, at_least, with_thresholds, without_thresholds


def _encoder(thresholds, bits=8):
    """One feature per list of thresholds."""
    widths = np.full(len(thresholds), bits, np.uint8)
    feature = np.repeat(np.arange(len(thresholds), dtype=np.int32), [len(t) for t in thresholds])
    return Encoder(widths, np.ones(len(widths)), np.zeros(len(widths)), feature, np.uint32(np.concatenate(thresholds)))


def _all_words(encoder):
    """Every word, the same for all features: `[2**bits, features]`."""
    count = 1 << int(encoder.feature_bits.max())
    return np.repeat(np.arange(count, dtype=encoder.word_dtype)[:, None], encoder.features, axis=1)


@pytest.mark.parametrize("kind", ["quantile", "uniform"])
@pytest.mark.parametrize(("bits", "count"), [(8, 1), (8, 31), (16, 15), (16, 255)])
def test_starts_exactly_at_the_encoders_thresholds(kind, bits, count):
    rng = np.random.default_rng(0)
    x = np.stack([rng.random(3000), rng.exponential(size=3000), rng.integers(0, 5, 3000)], 1)
    encoder = fit_encoder(x, bits, count, kind)
    thresholds = Thresholds(encoder)
    top = (1 << encoder.feature_bits[encoder.bit_feature].astype(int)) - 1
    shares = thresholds.values().detach().numpy().astype(float) / top
    assert np.abs(shares - encoder.bit_threshold / top).max() < 1e-6
    for each in dataclasses.fields(Encoder):
        assert np.array_equal(getattr(thresholds.encoder(), each.name), getattr(encoder, each.name)), each.name


def test_keeps_the_order_of_the_bits():
    encoder = Encoder(
        np.array([8, 4, 8], np.uint8),
        np.ones(3),
        np.zeros(3),
        np.array([2, 0, 2, 0, 0], np.int32),
        np.array([9, 200, 3, 7, 7], np.uint32),
    )
    thresholds = Thresholds(encoder)
    assert thresholds.encoder().bit_threshold.tolist() == [9, 200, 3, 7, 7]
    with torch.no_grad():
        thresholds.threshold_first += 1 / 255
    assert thresholds.encoder().bit_threshold.tolist() == [10, 201, 4, 8, 8]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.01, 3), st.sampled_from([1, 3, 8]))
def test_stay_ascending_and_inside_the_words_wherever_training_takes_them(seed, far, bits):
    generator = torch.Generator().manual_seed(seed)
    top = (1 << bits) - 1
    thresholds = Thresholds(_encoder([[1], sorted({1, (top + 1) // 2, top}), [top]], bits))
    with torch.no_grad():
        for parameter in thresholds.parameters():
            parameter += far * torch.randn(parameter.shape, generator=generator)
    encoder = thresholds.encoder()
    for feature in range(3):
        own = encoder.bit_threshold[encoder.bit_feature == feature].astype(int)
        assert np.all(np.diff(own) >= 0)
        assert own.min() >= 1
        assert own.max() <= top


@pytest.mark.parametrize("bits", [8, 16])
def test_training_evaluation_and_circuit_have_the_same_bits(bits):
    torch.manual_seed(0)
    top = (1 << bits) - 1
    thresholds = Thresholds(_encoder([[3, top // 2, top - 5], [7, 8], [top]], bits))
    with torch.no_grad():
        thresholds.threshold_first += 0.03 * torch.randn(thresholds.threshold_first.shape)
        thresholds.threshold_gaps += torch.randn(thresholds.threshold_gaps.shape)
    encoder = thresholds.encoder()
    words = _all_words(encoder)
    expected = torch.from_numpy(encoder.to_bits(words))
    batch = torch.from_numpy(words.astype(np.int32))
    hard = thresholds(batch)
    assert hard.dtype == torch.float32
    assert torch.equal(hard, expected.float())  # exactly 0 and 1
    thresholds.sampling = "soft"
    assert torch.equal(thresholds(batch) >= 0.5, expected)
    thresholds.eval()
    for words_of in (batch, batch.float()):
        assert torch.equal(thresholds(words_of), expected.to(torch.uint8))


def test_soft_bits_and_gradients_are_those_of_the_formula():
    thresholds = Thresholds(_encoder([[10, 40, 200], [90]]), width=0.1, sampling="soft")
    words = torch.tensor([[10, 91], [37, 60], [255, 0]], dtype=torch.uint8)
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).double()

    first = torch.tensor([10 / 255, 90 / 255], dtype=torch.float64, requires_grad=True)
    gaps = torch.tensor([30 / 255, 160 / 255], dtype=torch.float64).expm1().log().requires_grad_()
    steps = torch.nn.functional.softplus(gaps)
    omega = 255 * torch.stack([first[0], first[0] + steps[0], first[0] + steps.sum(), first[1]])
    expected = torch.sigmoid((words.double()[:, [0, 0, 0, 1]] + 0.5 - omega) / 25.5)
    (expected * weight).sum().backward()

    for sampling in ("soft", "hard"):  # straight-through: the same gradients
        thresholds.zero_grad()
        thresholds.sampling = sampling
        bits = thresholds(words)
        if sampling == "soft":
            torch.testing.assert_close(bits.double(), expected, rtol=1e-5, atol=1e-6)
        (bits * weight.float()).sum().backward()
        torch.testing.assert_close(
            thresholds.threshold_first.grad.reshape(-1).double(), first.grad, rtol=1e-4, atol=1e-6
        )
        torch.testing.assert_close(thresholds.threshold_gaps.grad[0].double(), gaps.grad, rtol=1e-4, atol=1e-6)
        assert thresholds.threshold_gaps.grad[1].tolist() == [0, 0]  # the second feature has no second threshold


def test_a_threshold_beyond_the_words_comes_back_but_goes_no_further():
    thresholds = Thresholds(_encoder([[1], [255]]))
    with torch.no_grad():
        thresholds.threshold_first += torch.tensor([[-0.2], [0.2]])
    assert thresholds.values().tolist() == [1, 255]
    for direction, expected in ((1.0, (False, True)), (-1.0, (True, False))):
        thresholds.zero_grad()
        (direction * thresholds.values()).sum().backward()  # descent lowers the thresholds, or raises them
        assert tuple((thresholds.threshold_first.grad != 0).reshape(-1).tolist()) == expected


def test_descent_finds_the_threshold_that_separates():
    torch.manual_seed(0)
    thresholds = Thresholds(_encoder([[60]]), width=0.1)
    words = torch.randint(0, 256, (512, 1), dtype=torch.uint8)
    labels = (words >= 130).float()
    optimizer = torch.optim.Adam(thresholds.parameters(), lr=0.005)
    for _ in range(150):
        optimizer.zero_grad()
        (thresholds(words) - labels).square().mean().backward()
        optimizer.step()
    assert abs(int(thresholds.encoder().bit_threshold[0]) - 130) <= 2


def test_put_before_a_network_and_taken_off_again():
    encoder = _encoder([[10, 20]])
    network = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Flatten())
    for fixed in ("quantile", "uniform"):
        assert with_thresholds(network, encoder, EncoderConfig(thresholds=fixed)) is network
    assert without_thresholds(network, encoder) == (network, encoder)
    config = EncoderConfig(thresholds="learned", threshold_width=0.3, threshold_sampling="soft")
    model = with_thresholds(network, encoder, config)
    assert (model[0].width, model[0].sampling) == (0.3, "soft")
    with torch.no_grad():
        model[0].threshold_first += 2 / 255
    rest, learned = without_thresholds(model.eval(), encoder)
    assert [type(part) for part in rest] == [torch.nn.Identity, torch.nn.Flatten]
    assert not rest.training
    assert learned.bit_threshold.tolist() == [12, 22]


def test_state_is_the_parameters_alone():
    thresholds = Thresholds(_encoder([[10, 20], [5]]))
    assert set(thresholds.state_dict()) == {"threshold_first", "threshold_gaps"}


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float32])
def test_at_least_takes_words_in_any_layout(dtype):
    words = torch.arange(24).reshape(4, 6).to(dtype)
    feature, threshold = torch.tensor([5, 0, 0]), torch.tensor([11, 7, 12])
    expected = (words[:, feature] >= threshold).t()
    for layout in (words, words.t().contiguous().t(), words.repeat(1, 2)[:, :6]):
        found = at_least(layout, feature, threshold)
        assert found.is_contiguous()
        assert torch.equal(found, expected)


def test_arguments_out_of_range():
    encoder = _encoder([[10]])
    with pytest.raises(ConfigError) as error:
        Thresholds(encoder, width=0)
    assert str(error.value) == "width is 0; it must be a number above 0."
    with pytest.raises(ConfigError) as error:
        Thresholds(encoder, sampling="gumbel-soft")
    assert str(error.value) == "sampling is 'gumbel-soft'; it must be one of soft, hard."
    with pytest.raises(ConfigError) as error:
        Thresholds(encoder)(torch.zeros(4, 2))
    assert str(error.value) == "the words have shape (4, 2); this encoder takes [batch, 1]."
