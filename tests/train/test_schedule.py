import math

import pytest
import torch

from warp2hdl.config import TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.nn import GroupSum, LogicLayer
from warp2hdl.train.schedule import Schedule, ScheduledLayers, logic_layers


def _schedule(steps, **settings):
    return Schedule.of(TrainingConfig(**settings), steps)


def test_cosine_falls_to_zero():
    schedule = _schedule(100)
    assert [schedule.rate(step) for step in (0, 50, 100)] == pytest.approx([1, 0.5, 0], abs=1e-12)
    assert schedule.rate(25) == pytest.approx(0.5 + 0.5 * math.cos(math.pi / 4))


def test_constant_and_step():
    assert {_schedule(100, schedule="constant").rate(step) for step in range(100)} == {1.0}
    rates = [_schedule(8, schedule="step").rate(step) for step in range(8)]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("kind", ["cosine", "constant", "step"])
def test_warm_up_rises_to_the_full_rate(kind):
    schedule = _schedule(24, schedule=kind, warmup=4)
    assert [schedule.rate(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert _schedule(20, schedule=kind).rate(7) == schedule.rate(11)


def test_warm_up_has_to_end():
    with pytest.raises(ConfigError) as error:
        _schedule(20, warmup=20)
    assert str(error.value) == "training.warmup is 20; the run has 20 steps, take fewer than that."


def test_temperature_is_geometric_and_ends_at_its_end():
    schedule = _schedule(5, temperature_end=0.0625)
    assert [schedule.temperature(step) for step in range(5)] == pytest.approx([1, 0.5, 0.25, 0.125, 0.0625])
    assert {_schedule(5).temperature(step) for step in range(5)} == {1.0}
    assert _schedule(1, temperature_end=0.1).temperature(0) == 1.0


def test_the_last_share_of_the_steps_is_hard():
    assert [_schedule(5, hard_share=0.4).hard(step) for step in range(5)] == [False, False, False, True, True]
    assert not any(_schedule(5).hard(step) for step in range(5))
    assert all(_schedule(5, hard_share=1.0).hard(step) for step in range(5))


def test_every_logic_layer_is_changed_from_where_it_began():
    inner = LogicLayer(4, 6, tau=4.0, sampling="gumbel-soft", seed=0)
    model = torch.nn.Sequential(LogicLayer(3, 4, tau=2.0, seed=0), torch.nn.Sequential(inner), GroupSum(2, tau=7.0))
    layers = ScheduledLayers(model, _schedule(5, temperature_end=0.0625, hard_share=0.4))
    for step, taus, samplings in (
        (1, [1.0, 2.0], ["soft", "gumbel-soft"]),
        (3, [0.25, 0.5], ["hard", "gumbel-hard"]),
        (2, [0.5, 1.0], ["soft", "gumbel-soft"]),
    ):
        layers.at(step)
        assert [layer.tau for layer in logic_layers(model)] == taus
        assert [layer.sampling for layer in logic_layers(model)] == samplings
    assert model[2].tau == 7.0
