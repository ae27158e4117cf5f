import numpy as np
import torch

from warp2hdl.encode import fit_encoder
from warp2hdl.nn import GroupSum
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.train import accuracy
from warp2hdl.train.batches import Bits


def test_wide_networks_see_few_samples_at_a_time(monkeypatch):
    x = np.random.default_rng(0).integers(0, 256, (23, 36)).astype(np.uint8)
    encoder = fit_encoder(x, 8, 1)
    conv = LogicConv2d((1, 6, 6), 6, depth=3, seed=0, image_rows=encoded_image_rows(encoder, (6, 6)))
    model = torch.nn.Sequential(conv, GroupSum(3))
    bits = Bits(encoder, encoder.to_words(x))
    sizes = []
    conv.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    whole = [accuracy.predictions(model, bits, relaxed=relaxed) for relaxed in (False, True)]
    # 6 trees of 4 leaf nodes at 16 positions are 384 nodes, wider than any other level.
    monkeypatch.setattr(accuracy, "_LARGEST", 384 * 10)
    parts = [accuracy.predictions(model, bits, relaxed=relaxed) for relaxed in (False, True)]
    assert sizes == [23, 23, 10, 10, 3, 10, 10, 3]
    np.testing.assert_array_equal(whole, parts)
