import pytest

from warp2hdl.data import NAMES
from warp2hdl.errors import ConfigError
from warp2hdl.presets import BEST, DIFFLOGIC, PRESETS, preset

CLASSES = {"adult": 2, "breast-cancer": 2, "monk-1": 2, "monk-2": 2, "monk-3": 2}


def test_every_data_set_has_a_preset_of_its_own():
    assert set(PRESETS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_presets_fit_their_data_sets(name):
    classes = CLASSES.get(name, 10)
    for chosen in (BEST, *DIFFLOGIC.get(name, {})):
        config = preset(name, classes, 1000, chosen)
        config.check(classes)
        assert config.layers[-1].nodes % classes == 0


def test_difflogics_setups_are_those_of_its_experiments():
    assert set(DIFFLOGIC) == set(NAMES) - {"digits", "fashion-mnist", "cifar-10"}
    config = preset("mnist", 10, 55_000, "difflogic")
    assert [(layer.nodes, layer.arity, layer.relaxation) for layer in config.layers] == [(64_000, 2, "difflogic")] * 6
    training = config.training
    assert (training.batch_size, training.learning_rate, training.group_tau) == (100, 0.01, 30.0)
    assert training.epochs * 550 >= 200_000 > (training.epochs - 1) * 550
    assert training.schedule == "constant"
    encoder = preset("cifar-10-31-thresholds", 10, 45_000, "difflogic-512k").encoder
    assert (encoder.thermometer_bits, encoder.thresholds) == (31, "uniform")
    assert preset("breast-cancer", 2, 195, "difflogic").training.learning_rate == 0.001


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("digits", "best"), ("cifar-10-3-thresholds", "best, difflogic, difflogic-128k"), ("my.csv", "best")],
)
def test_an_unknown_preset_is_refused(name, allowed):
    with pytest.raises(ConfigError) as error:
        preset(name, 10, 1000, "difflogic-x")
    assert str(error.value) == f"there is no preset 'difflogic-x' for {name}; give --preset one of {allowed}."
