import math

import torch

from warp2hdl.kernels import noise


def test_bits_by_the_definition():
    key, node, sample = (0x12345678, 0x9ABCDEF0), 70_000, 99
    x = ((node * 0x9E3779B9 + sample) % 2**32) ^ key[0]
    for added in (key[1], 0):
        x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
        x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
        x = ((x ^ (x >> 16)) + added) % 2**32
    assert noise.uniform_bits(key, node + 1, sample + 1)[node, sample] == x


def test_logistic_distribution():
    found = noise.logistic((1, 2), 400, 500)
    assert abs(found.mean()) < 0.02
    assert abs(found.var() - math.pi**2 / 3) < 0.05
    share = (found < 1.5).double().mean()
    assert abs(share - torch.sigmoid(torch.tensor(1.5))) < 0.004


def test_neighbours_and_keys_are_independent():
    first, second = noise.logistic((1, 2), 400, 500), noise.logistic((1, 3), 400, 500)
    for a, b in ((first[:, 1:], first[:, :-1]), (first[1:], first[:-1]), (first, second)):
        assert abs(torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1]) < 0.01


def test_keys_follow_the_global_generator():
    torch.manual_seed(5)
    drawn = noise.draw_key(), noise.draw_key()
    torch.manual_seed(5)
    assert drawn == (noise.draw_key(), noise.draw_key())
    assert drawn[0] != drawn[1]
