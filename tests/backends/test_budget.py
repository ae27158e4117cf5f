"""How many nodes fit into a budget."""

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.backends.budget import nodes_within
from warp2hdl.backends.design import build_design
from warp2hdl.errors import ConfigError


@pytest.mark.parametrize(("budget", "classes", "comparators"), [(100, 2, 0), (400, 10, 0), (400, 10, 100), (333, 3, 7)])
def test_one_node_more_a_class_would_not_fit(budget, classes, comparators):
    nodes = nodes_within(budget, classes, comparators)
    assert nodes % classes == 0 and nodes > 0
    assert _size(nodes, classes) + comparators <= budget < _size(nodes + classes, classes) + comparators


def _size(nodes, classes):
    """Of fabric, popcounts and arg max as the emitter builds them for random nodes of six inputs."""
    rng = np.random.default_rng(nodes)
    circuit = random_circuit(rng, features=60, feature_bits=8, layers=[(nodes, 6)], classes=classes)
    found = build_design(circuit).lookups()
    assert found["fabric"] == nodes
    return sum(found.values()) - found.get("encoder", 0)


def test_a_budget_without_room_says_what_the_least_is():
    with pytest.raises(ConfigError) as error:
        nodes_within(20, 10, 0)
    least = int(str(error.value).split()[-1].rstrip("."))
    assert str(error.value) == f"20 look-ups are too few for 10 classes; give at least {least}."
    assert nodes_within(least, 10, 0) == 10
