import pytest
import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn import GroupSum, LogicLayer, PackBitsTensor
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.pooling import OrPool2d

BATCHES = (0, 1, 7, 31, 32, 33, 63, 64, 65, 511, 513)


def bits(batch, features, seed=0):
    return torch.rand(batch, features, generator=torch.Generator().manual_seed(seed)) < 0.4


def dense(*arities, **options):
    widths = [20, *[30] * len(arities)]
    layers = [
        LogicLayer(width, after, arity, initial="random", seed=arity, **options)
        for width, after, arity in zip(widths, widths[1:], arities, strict=False)
    ]
    return torch.nn.Sequential(torch.nn.Flatten(), *layers, GroupSum(k=3, tau=10)).eval()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("bit_count", [8, 16, 32, 64])
def test_words_hold_the_bits(batch, bit_count):
    x = bits(batch, 5)
    packed = PackBitsTensor(x, bit_count)
    words = -(-batch // bit_count)
    assert (packed.shape, len(packed), packed.pad_len) == ((batch, 5), batch, words * bit_count - batch)
    assert packed.t.shape == (5, words) and packed.t.dtype == getattr(torch, f"int{bit_count}")
    for sample in range(0, batch, 5):
        word = packed.t[:, sample // bit_count].long()
        assert torch.equal((word >> (sample % bit_count) & 1).bool(), x[sample])
    assert torch.equal(packed.unpack(), x)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", [dense(2), dense(2, 2, 2), dense(1, 3, 4, 5, 6), dense(4, wiring="learned")])
def test_networks_count_what_they_count_of_single_bits(batch, model):
    x = bits(batch, 20)
    found = model(PackBitsTensor(x))
    assert found.dtype == torch.int32
    assert torch.equal(found.float() / 10, model(x))


def test_images():
    model = torch.nn.Sequential(
        LogicConv2d((2, 9, 8), 6, 3, 2, 3, padding=1, initial="random", seed=0),
        OrPool2d((6, 9, 8), 2, 1, padding=1),
        LogicConv2d((6, 10, 9), 4, 3, 1, 2, stride=2, initial="random", seed=1),
        OrPool2d((4, 4, 4), 2),
        GroupSum(2),
    ).eval()
    x = bits(67, 2 * 9 * 8)
    assert torch.equal(model(PackBitsTensor(x)).float(), model(x))


def test_a_packed_batch_stays_as_it_is():
    x = bits(40, 20)
    packed, model = PackBitsTensor(x), dense(2, 3)
    first = model(packed)
    assert torch.equal(model(packed), first) and torch.equal(packed.unpack(), x)
    assert repr(packed) == "PackBitsTensor(batch=40, features=20, bit_count=32)"


def test_bytes_are_bits():
    x = torch.tensor([[0, 1, 2, 255]], dtype=torch.uint8)
    assert PackBitsTensor(x).unpack().tolist() == [[False, True, True, True]]


def test_training_and_wrong_inputs_are_refused():
    packed, model = PackBitsTensor(bits(3, 20)), dense(2).train()
    for layer in (model[1], model[2], OrPool2d((5, 2, 2)), LogicConv2d((5, 2, 2), 2, 2, 1)):
        with pytest.raises(ConfigError, match=r"has no gradient; call model\.eval\(\) before"):
            layer(packed)
    for layer in (LogicLayer(9, 9).eval(), OrPool2d((9, 2, 2)).eval(), LogicConv2d((9, 2, 2), 2, 2, 1).eval()):
        with pytest.raises(ConfigError, match=r"has shape \(3, 20\); this layer takes \[batch, (9|36)\]"):
            layer(packed)
    with pytest.raises(ConfigError, match="20 outputs do not divide into 3 classes"):
        packed.group_sum(3)
    with pytest.raises(ConfigError, match=r"bits are torch.float32 of shape \(3, 2\); give bool"):
        PackBitsTensor(torch.rand(3, 2))
    with pytest.raises(ConfigError, match="bit_count is 24; it must be one of 8, 16, 32, 64"):
        PackBitsTensor(bits(3, 2), 24)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_gpu_that_is_not_there():
    with pytest.raises(ConfigError, match="device is 'cuda' but this machine has no CUDA device"):
        PackBitsTensor(bits(3, 2), device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_bits_go_to_the_device_of_the_layers():
    x, model = bits(600, 20), dense(2, 6)
    expected = model(PackBitsTensor(x))
    assert torch.equal(model.cuda()(PackBitsTensor(x)).cpu(), expected)
