import numpy as np
import torch

from warp2hdl.encode import Encoder
from warp2hdl.train.batches import Bits, Words, distorted


def _identity(features, bits=8):
    one = np.ones(features)
    return Encoder(
        np.full(features, bits, np.uint8),
        one,
        0 * one,
        np.arange(features, dtype=np.int32),
        np.full(features, 5, np.uint32),
    )


def test_bits_are_those_of_the_encoder():
    rng = np.random.default_rng(0)
    for bits in (8, 16):
        words = rng.integers(0, 1 << bits, (50, 6)).astype(np.uint8 if bits == 8 else np.uint16)
        encoder = _identity(6, bits)
        batches = Bits(encoder, words)
        rows = torch.tensor([3, 49, 0])
        assert torch.equal(batches.take(rows).bool(), torch.from_numpy(encoder.to_bits(words[rows.numpy()])))
        assert torch.equal(torch.cat(list(batches.chunks(7))), batches.take(slice(None)))


def test_images_move_and_zeros_come_in():
    image = np.arange(10, 22, dtype=np.uint8).reshape(3, 4)
    image[1, 1] = 0
    batches = Bits(_identity(12), image.reshape(1, 12), (3, 4))
    moved = batches.take(slice(0, 1), shift=(1, -1)).reshape(3, 4)
    assert moved.tolist() == [[0, 0, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0]]
    channels = Bits(_identity(24), np.tile(image.reshape(1, 12), 2), (2, 3, 4))
    assert channels.take(slice(0, 1), shift=(1, -1)).reshape(2, 3, 4).tolist() == [moved.tolist()] * 2


def test_jitter_moves_words_within_their_width():
    torch.manual_seed(0)
    words = np.tile(np.array([[0, 4, 6, 255]], np.uint8), (200, 1))
    encoder = Encoder(
        np.full(4, 8, np.uint8),
        np.ones(4),
        np.zeros(4),
        np.arange(4, dtype=np.int32),
        np.array([1, 5, 5, 255], np.uint32),
    )
    share = Bits(encoder, words).take(slice(None), jitter=2).float().mean(0)
    # 0 may rise to 1 or 2, 4 to 5 or 6, 6 may fall to 4, and 255 to 254 or 253; nothing wraps around.
    assert np.allclose(share, [0.4, 0.4, 0.8, 0.6], atol=0.12)
    assert torch.equal(Bits(encoder, words).take(slice(None)), torch.tensor([[0, 0, 1, 1]]).expand(200, 4).byte())


def test_bits_are_rows_of_signals_in_memory():
    encoder = _identity(6)
    words = np.random.default_rng(0).integers(0, 256, (50, 6)).astype(np.uint8)
    for batch in (Bits(encoder, words).take(torch.tensor([4, 2])), next(Bits(encoder, words).chunks(7))):
        assert batch.dtype == torch.uint8
        assert batch.t().is_contiguous()


def test_words_are_what_bits_are_made_of():
    rng = np.random.default_rng(0)
    rows = torch.tensor([3, 49, 0])
    for bits in (8, 16):
        words = rng.integers(0, 1 << bits, (50, 6)).astype(np.uint8 if bits == 8 else np.uint16)
        encoder = _identity(6, bits)
        for options in ({}, {"shift": (0, 1)}, {"jitter": 3}):
            batches = [kind(encoder, words, (2, 3)) for kind in (Words, Bits)]
            torch.manual_seed(1)
            found = batches[0].take(rows, **options)
            torch.manual_seed(1)
            expected = batches[1].take(rows, **options)
            assert torch.equal(torch.from_numpy(encoder.to_bits(found.numpy())), expected.bool())
        assert torch.equal(torch.cat(list(batches[0].chunks(7))), torch.from_numpy(words.astype(np.int32)))


def test_distorted_images_stay_near_and_within_their_words():
    images = torch.zeros(200, 2, 12, 12, dtype=torch.uint8)
    images[:, :, 4:8, 3:9] = 200
    torch.manual_seed(0)
    found = distorted(images)
    assert found.shape == images.shape and found.dtype == torch.int32
    assert int(found.min()) >= 0 and int(found.max()) <= 200
    assert torch.equal(found[:, 0], found[:, 1])  # the channels of an image move together
    assert len(found[:, 0].reshape(200, -1).unique(dim=0)) > 190  # the images do not
    place = torch.arange(12.0)
    mass = found[:, 0].float() / found[:, 0].float().sum((1, 2), keepdim=True)
    rows, columns = (mass.sum(2) * place).sum(1), (mass.sum(1) * place).sum(1)
    assert (rows - 5.5).abs().max() < 1.5 and (columns - 5.5).abs().max() < 1.5
    assert rows.std() > 0.2 and columns.std() > 0.2
    torch.manual_seed(0)
    assert torch.equal(distorted(images), found)
