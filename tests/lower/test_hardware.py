import numpy as np
import torch

from warp2hdl import ir
from warp2hdl.backends.verilog import emit
from warp2hdl.encode import fit_encoder
from warp2hdl.lower import lower
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.nn.convolution import LogicConv2d
from warp2hdl.nn.pooling import OrPool2d
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.sim.runner import cosimulate


def test_verilog_of_a_convolutional_network(tmp_path):
    torch.manual_seed(0)
    x = np.random.default_rng(0).integers(0, 4, (60, 36)).astype(np.uint8)
    encoder = fit_encoder(x, 2, 1)
    conv = LogicConv2d((1, 6, 6), 4, 3, 2, 2, padding=1, seed=0, image_rows=encoded_image_rows(encoder, (6, 6)))
    pool = OrPool2d(conv.out_shape, 2)
    model = torch.nn.Sequential(conv, pool, LogicLayer(36, 12, 4, seed=1), GroupSum(3)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    names = [f"x{i}" for i in range(36)], ["a", "b", "c"]
    circuit = lower(model, encoder, name="conv", feature_names=names[0], class_names=names[1])
    words = encoder.to_words(x)
    labels = model(torch.from_numpy(encoder.to_bits(words))).argmax(1).numpy()
    assert len(np.unique(labels)) > 1
    assert np.array_equal(ir.classify(circuit, words), labels)
    emit(circuit, tmp_path / "out", vectors=(words, labels))
    result = cosimulate(tmp_path / "out")
    assert (result.vectors, result.mismatches, result.accuracy) == (60, 0, 1.0)
