import json

import numpy as np
import pytest
import safetensors.numpy
import torch

from warp2hdl.config import LayerConfig, TrainConfig
from warp2hdl.encode import fit_encoder
from warp2hdl.errors import DataError, FormatError
from warp2hdl.nn.network import build
from warp2hdl.nn.windows import encoded_image_rows
from warp2hdl.train import model_file
from warp2hdl.train.model_file import Model


@pytest.fixture
def model():
    encoder = fit_encoder(np.random.default_rng(0).random((50, 3)), 8, 4)
    config = TrainConfig(layers=(LayerConfig(20, 3, wiring="learned", candidates=5), LayerConfig(12, 2)))
    return Model(build(config, encoder.bits, 3).eval(), encoder, config, ("a", "b", "c"), ("x", "y", "z"), {"n": 1})


def test_round_trip(model, tmp_path):
    path = tmp_path / "model.safetensors"
    model_file.save(model, path)
    loaded = model_file.load(path)
    assert (loaded.config, loaded.feature_names, loaded.class_names, loaded.info) == (
        model.config,
        model.feature_names,
        model.class_names,
        model.info,
    )
    for name, value in model.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], value)
    words = model.encoder.to_words(np.random.default_rng(1).random((40, 3)))
    bits = torch.from_numpy(model.encoder.to_bits(words))
    assert torch.equal(loaded.network(bits), model.network(bits))
    assert np.array_equal(loaded.encoder.to_bits(words), model.encoder.to_bits(words))


def test_a_convolutional_network_comes_back(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (60, 36)).astype(np.uint8)
    x[:, 3] = 0
    encoder = fit_encoder(x, 8, 2)
    layers = (
        LayerConfig(kind="convolution", channels=4, arity=2, padding=1),
        LayerConfig(kind="or-pool"),
        LayerConfig(12, 2),
    )
    config = TrainConfig(layers=layers)
    network = build(config, encoder.bits, 3, encoded_image_rows(encoder, (6, 6))).eval()
    names = tuple(f"p{i}" for i in range(36))
    model_file.save(Model(network, encoder, config, names, ("x", "y", "z"), {}), tmp_path / "m.safetensors")
    loaded = model_file.load(tmp_path / "m.safetensors")
    bits = torch.from_numpy(encoder.to_bits(encoder.to_words(x)))
    assert torch.equal(loaded.network(bits), network(bits))


def test_temperatures_and_samplings_come_back_and_older_files_have_those_of_the_settings(model, tmp_path):
    path = tmp_path / "model.safetensors"
    model_file.save(model, path)
    content = path.read_bytes()
    model.network[0].tau, model.network[1].tau, model.network[1].sampling = 0.25, 0.125, "hard"
    model_file.save(model, path)
    assert [layer.tau for layer in model_file.load(path).network[:2]] == [0.25, 0.125]
    assert [layer.sampling for layer in model_file.load(path).network[:2]] == ["soft", "hard"]
    path.write_bytes(path.read_bytes().replace(b'\\"hard\\"', b'\\"bard\\"'))
    with pytest.raises(FormatError, match="is damaged: its contents do not fit together"):
        model_file.load(path)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["model"])
    assert header.pop("temperatures") == [1.0, 1.0]
    assert header.pop("samplings") == ["soft", "soft"]
    path.write_bytes(safetensors.numpy.save(safetensors.numpy.load(content), {"model": json.dumps(header)}))
    assert [layer.tau for layer in model_file.load(path).network[:2]] == [1.0, 1.0]
    assert [layer.sampling for layer in model_file.load(path).network[:2]] == ["soft", "soft"]


def test_same_model_same_bytes(model, tmp_path):
    for name in ("a", "b"):
        model_file.save(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_damaged_and_foreign_files(model, tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(DataError, match=r"cannot read .*model\.safetensors: No such file or directory"):
        model_file.load(path)
    model_file.save(model, path)
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:-1], safetensors.numpy.save({"x": np.zeros(3)})):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="is damaged or not a model of warp2hdl"):
            model_file.load(path)
    path.write_bytes(whole.replace(b"warp2hdl.model/1", b"warp2hdl.model/9"))
    with pytest.raises(FormatError, match=r"has schema warp2hdl\.model/9, this version reads warp2hdl\.model/1"):
        model_file.load(path)
    arrays = safetensors.numpy.load(whole)
    del arrays["encoder.scale"]
    length = int.from_bytes(whole[:8], "little")
    metadata = json.loads(whole[8 : 8 + length])["__metadata__"]
    path.write_bytes(safetensors.numpy.save(arrays, metadata))
    with pytest.raises(FormatError, match="its contents do not fit together"):
        model_file.load(path)
