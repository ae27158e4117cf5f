from itertools import product

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.backends import schedule as module
from warp2hdl.backends.design import build_design
from warp2hdl.backends.schedule import schedule, unregistered


def make(seed, **options):
    given = {"features": 3, "feature_bits": (2, 7, 9), "layers": [(8, (2, 3)), (9, (2, 6))], "classes": 3}
    circuit = random_circuit(np.random.default_rng(seed), **(given | {"skips": bool(seed % 2)} | options))
    return build_design(circuit)


def check(design, plan, levels):
    """No reader is too early, no stage too deep, and every signal waits as long as it must."""
    within = dict.fromkeys(range(design.inputs), 0)
    for node in design.nodes:
        stage = plan.stage[node.signal]
        assert 0 <= stage < plan.stages
        assert all(plan.stage[s] <= stage <= plan.until[s] for s in node.fanins)
        within[node.signal] = 1 + max((within[s] for s in node.fanins if plan.stage[s] == stage), default=0)
    assert not levels or max(within.values()) <= levels
    assert all(plan.until[s] == plan.stages for s in design.outputs)


def fewest_registers(design, levels, stages):
    """By trying every stage of every look-up."""
    nodes, best = design.nodes, None
    for choice in product(range(stages), repeat=len(nodes)):
        stage = dict.fromkeys(range(design.inputs), 0) | {n.signal: s for n, s in zip(nodes, choice, strict=True)}
        within, until = dict.fromkeys(stage, 0), dict(stage)
        for node in nodes:
            at = stage[node.signal]
            if any(stage[s] > at for s in node.fanins):
                break
            within[node.signal] = 1 + max((within[s] for s in node.fanins if stage[s] == at), default=0)
            if within[node.signal] > levels:
                break
            for s in node.fanins:
                until[s] = max(until[s], at)
        else:
            until |= dict.fromkeys(design.outputs, stages)
            count = sum(until.values()) - sum(stage.values()) + stages
            best = count if best is None else min(best, count)
    return best


@pytest.mark.parametrize("levels", [0, 1, 2, 3, 99])
@pytest.mark.parametrize("seed", range(6))
def test_no_stage_is_too_deep(seed, levels):
    design = make(seed)
    plan = schedule(design, levels)
    check(design, plan, levels)
    graph_levels = dict.fromkeys(range(design.inputs), 0)
    for node in design.nodes:
        graph_levels[node.signal] = 1 + max(graph_levels[s] for s in node.fanins)
    deepest = max(graph_levels.values())
    assert plan.latency_cycles == (max(1, -(-deepest // levels)) if levels else 1)


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_no_plan_has_fewer_registers(seed, levels):
    design = make(seed, layers=[(3, 2), (3, 2)], feature_bits=2, classes=2, features=2)
    plan = schedule(design, levels)
    if plan.stages ** len(design.nodes) > 50_000:
        design = make(seed, layers=[(2, 2)], feature_bits=2, classes=2, features=2)
        plan = schedule(design, levels)
    assert plan.registers == fewest_registers(design, levels, plan.stages)


@pytest.mark.parametrize(("limit", "value"), [("_EXACT", 0), ("_PAIRS", 0)])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_large_designs_are_placed_in_a_simpler_way(limit, value, levels, monkeypatch):
    design = make(1, layers=[(20, (2, 3)), (20, (2, 6)), (20, (2, 6))])
    best = schedule(design, levels)
    monkeypatch.setattr(module, limit, value)
    plan = schedule(design, levels)
    check(design, plan, levels)
    assert plan.stages == best.stages and plan.registers >= best.registers


def test_raw_has_no_registers():
    plan = unregistered(make(0))
    assert (plan.latency_cycles, plan.registers) == (0, 0)
