import dataclasses
import tomllib

import pytest

from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.presets import PRESETS, preset


def _with(**changes):
    layers = (dataclasses.replace(LayerConfig(), **changes.pop("layer", {})),)
    training = dataclasses.replace(TrainingConfig(), **changes.pop("training", {}))
    encoder = dataclasses.replace(EncoderConfig(), **changes.pop("encoder", {}))
    return TrainConfig(encoder, layers, training)


def test_toml_round_trip():
    config = TrainConfig(layers=(LayerConfig(nodes=7, arity=2), LayerConfig(tau=0.5)))
    assert TrainConfig.from_dict(tomllib.loads(config.toml())) == config


def test_a_layer_shows_the_settings_of_its_kind():
    kinds = LayerConfig(kind="convolution", channels=7, padding=1), LayerConfig(kind="or-pool", size=3), LayerConfig()
    config = TrainConfig(layers=kinds)
    convolution, pooling, dense = config.to_dict()["layers"]
    assert {"channels", "tree_depth", "padding", "arity", "tau"} <= set(convolution)
    assert not {"nodes", "wiring", "candidates", "size"} & set(convolution)
    assert set(pooling) == {"kind", "size", "stride", "padding"}
    assert {"nodes", "wiring"} <= set(dense)
    assert not {"channels", "stride", "size"} & set(dense)
    assert TrainConfig.from_dict(tomllib.loads(config.toml())) == config


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
@pytest.mark.parametrize("name", [*PRESETS, "my.csv"])
def test_presets_are_valid_for_any_number_of_classes(name, classes):
    for samples in (1, 100, 1_000_000):
        preset(name, classes, samples).check(classes)


def test_small_tables_train_for_more_epochs():
    epochs = [preset("my.csv", 2, samples).training.epochs for samples in (10, 1000, 20_000, 10**6)]
    assert epochs == [1000, 192, 10, 10]


def test_a_file_changes_only_what_it_names(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[training]\nepochs = 3\nlearning_rate = 1\n[[layers]]\nnodes = 50\narity = 2\n")
    base = TrainConfig(encoder=EncoderConfig(thermometer_bits=9))
    config = TrainConfig.read(path, base)
    assert config.training == dataclasses.replace(base.training, epochs=3, learning_rate=1.0)
    assert config.encoder == base.encoder
    assert config.layers == (LayerConfig(nodes=50, arity=2),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepoch = 3", "training.epoch is unknown; allowed: epochs, batch_size"),
        ("[training]\nepochs = 'x'", "training.epochs is 'x'; it must be a whole number."),
        ("[training]\nepochs = 1.5", "training.epochs is 1.5; it must be a whole number."),
        ("[training]\nepochs = true", "training.epochs is True; it must be a whole number."),
        ("[training]\nlearning_rate = 'x'", "training.learning_rate is 'x'; it must be a number."),
        ("[[layers]]\nwiring = 3", "layers[0].wiring is 3; it must be a string."),
        ("layers = 3", "layers must be a list of tables, written [[layers]]."),
        ("training = 3", "training must be a table."),
        ("surprise = 3", "surprise is unknown; allowed: encoder, layers, training."),
        ("[training", "is not valid TOML"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        TrainConfig.read(path, TrainConfig())
    assert str(path) in str(error.value)
    assert message in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml: No such file or directory"):
        TrainConfig.read(tmp_path / "none.toml", TrainConfig())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer": {"arity": 7}}, "layers[0].arity is 7; it must be 1 to 6."),
        ({"layer": {"kind": "x"}}, "layers[0].kind is 'x'; it must be one of dense, convolution, or-pool."),
        (
            {"layer": {"channels": 8}},
            "layers[0].channels means nothing to a layer of the kind dense; leave it out.",
        ),
        (
            {"layer": {"kind": "convolution", "wiring": "learned"}},
            "layers[0].wiring means nothing to a layer of the kind convolution; leave it out.",
        ),
        (
            {"layer": {"kind": "or-pool", "arity": 2}},
            "layers[0].arity means nothing to a layer of the kind or-pool; leave it out.",
        ),
        ({"layer": {"kind": "convolution", "groups": 0}}, "layers[0].groups is 0; it must be at least 1."),
        ({"layer": {"kind": "or-pool", "stride": -1}}, "layers[0].stride is -1; it must be at least 0."),
        (
            {"layer": {"nodes": 1001}},
            "layers[0].nodes is 1001, which does not divide into 10 classes; "
            "make the last layer's width a multiple of 10.",
        ),
        ({"layer": {"nodes": 0}}, "layers[0].nodes is 0; it must be at least 1."),
        ({"layer": {"tau": 0.0}}, "layers[0].tau is 0.0; it must be a number above 0."),
        ({"layer": {"wiring": "x"}}, "layers[0].wiring is 'x'; it must be one of random, unique, structured, learned."),
        (
            {"layer": {"relaxation": "x"}},
            "layers[0].relaxation is 'x'; it must be one of walsh, multilinear, difflogic, dwn.",
        ),
        (
            {"layer": {"relaxation": "difflogic", "arity": 3}},
            "layers[0].arity is 3; the relaxation difflogic has gates of 2 inputs only.",
        ),
        (
            {"layer": {"initial": "x"}},
            "layers[0].initial is 'x'; it must be one of residual, residual-catalog, random.",
        ),
        ({"layer": {"candidates": -1}}, "layers[0].candidates is -1; it must be at least 0."),
        ({"layer": {"residual": 1.0}}, "layers[0].residual is 1.0; it must be at least 0.5 and below 1."),
        ({"encoder": {"feature_bits": 17}}, "encoder.feature_bits is 17; it must be 1 to 16."),
        ({"encoder": {"thermometer_bits": 0}}, "encoder.thermometer_bits is 0; it must be at least 1."),
        ({"training": {"epochs": -1}}, "training.epochs is -1; it must be at least 0."),
        ({"training": {"area_weight": -1.0}}, "training.area_weight is -1.0; it must be a number of at least 0."),
        ({"training": {"hard_share": 1.5}}, "training.hard_share is 1.5; it must be a number from 0 to 1."),
        ({"training": {"encoder_luts": -2}}, "training.encoder_luts is -2; it must be at least -1."),
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate is nan; it must be a number above 0."),
        ({"training": {"weight_decay": -1.0}}, "training.weight_decay is -1.0; it must be a number of at least 0."),
        (
            {"training": {"weight_decay": float("nan")}},
            "training.weight_decay is nan; it must be a number of at least 0.",
        ),
        ({"training": {"jitter": -1}}, "training.jitter is -1; it must be at least 0."),
        ({"training": {"augment": "flip"}}, "training.augment is 'flip'; it must be one of none, shift, affine."),
    ],
)
def test_settings_out_of_range(changes, message):
    with pytest.raises(ConfigError) as error:
        _with(**changes).check(10)
    assert str(error.value) == message


def test_no_layers():
    with pytest.raises(ConfigError, match=r"layers is empty; a network needs at least one \[\[layers\]\] table"):
        TrainConfig(layers=()).check(10)
