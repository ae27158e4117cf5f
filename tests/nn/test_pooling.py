import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn.pooling import OrPool2d


def test_non_overlapping_windows_by_hand():
    pool = OrPool2d((1, 2, 4))
    x = torch.tensor([[[[0.1, 0.9, 0.0, 0.2], [0.3, 0.4, 0.6, 0.5]]]])
    assert torch.equal(pool(x), torch.tensor([[0.9, 0.6]]))
    assert torch.equal(pool.eval()(x), torch.tensor([[1.0, 1.0]]))
    assert pool.out_shape == (1, 1, 2)


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 0), (2, 3, 1), (4, 2, 2)])
def test_maximum_over_windows(size, stride, padding):
    shape = (3, 7, 6)
    pool = OrPool2d(shape, size, stride, padding)
    x = torch.rand(5, 126, requires_grad=True)
    # Windows as columns, zeros around: a maximum that owes nothing to max_pool2d.
    columns = torch.nn.functional.unfold(x.reshape(5, *shape), size, padding=padding, stride=stride)
    expected = columns.reshape(5, 3, size**2, -1).amax(2).flatten(1)
    found = pool(x)
    assert torch.equal(found, expected)
    scale = torch.randn(expected.shape)
    (grad,) = torch.autograd.grad((found * scale).sum(), x)
    (expected_grad,) = torch.autograd.grad((expected * scale).sum(), x)
    torch.testing.assert_close(grad, expected_grad)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.float32])
def test_bits(dtype):
    bits = torch.randint(2, (6, 2, 5, 5)).to(dtype)
    pool = OrPool2d((2, 5, 5), 2)
    expected = torch.nn.functional.max_pool2d(bits.float(), 2).flatten(1)
    assert torch.equal(pool(bits), expected)
    assert torch.equal(pool.eval()(bits.flatten(1)), expected)


def test_one_image_and_transposed_views():
    pool = OrPool2d((2, 4, 4))
    x = torch.rand(32, 1)
    assert torch.equal(pool(x.t()), pool(x.t().contiguous()))


def test_gradient_of_equals_goes_to_the_first():
    x = torch.zeros(1, 4, requires_grad=True)
    OrPool2d((1, 2, 2))(x).sum().backward()
    assert x.grad.tolist() == [[1, 0, 0, 0]]


def test_bad_arguments():
    with pytest.raises(ConfigError, match=r"padding is 2; it must be at most half of the windows' size, 3\."):
        OrPool2d((1, 4, 4), 3, padding=2)
    with pytest.raises(ConfigError, match=r"the input has shape \(2, 5\); this layer takes \[batch, 16\]"):
        OrPool2d((1, 4, 4))(torch.rand(2, 5))
