import numpy as np
from hypothesis import given, settings

from tests.circuits import random_network
from tests.engines.cases import circuits, network_values
from warp2hdl.engines.plan import GROUP, make_plan
from warp2hdl.engines.schedule import BATCH, schedule
from warp2hdl.engines.simplify import simplify


def run(program, slots):
    """Goes through a program in plain Python; gives how many outputs are 1, by class, and each batch's values."""
    done, counts = 0, {}
    for batch in (*program.batches, None):
        stop = len(program.tables) if batch is None else batch.nodes
        for row in range(done, stop):
            address = sum(slots[f] << j for j, f in enumerate(program.fanins[row, : program.arities[row]]))
            slots[program.targets[row]] = int(program.tables[row]) >> address & 1
        done = max(done, stop)
        if batch is not None:
            counts[batch.number] = counts.get(batch.number, 0) + sum(slots[s] for s in batch.outputs)
    return counts


@settings(deadline=None, max_examples=60)
@given(circuit=circuits())
def test_programs_count_what_the_network_says(circuit):
    plan = make_plan(circuit, pairs=True)
    rng = np.random.default_rng(0)
    for _ in range(5):
        inputs = rng.integers(0, 2, circuit.encoder.bits)
        slots = [0] * plan.program.slots
        for bit, plane in zip(plan.bits, plan.planes, strict=True):
            slots[plane] = int(inputs[bit])
        counts = run(plan.program, slots)
        values = np.array(network_values(circuit.network, inputs.tolist()))[circuit.network.outputs]
        offsets = circuit.groups.offsets
        for number in range(circuit.groups.classes):
            expected = values[offsets[number] : offsets[number + 1]].sum() + circuit.groups.bias[number]
            assert counts.get(number, 0) + plan.bias[number] == expected
        assert slots[plan.program.zero] == 0


@settings(deadline=None, max_examples=30)
@given(circuit=circuits())
def test_groups_of_comparators_lie_close_together(circuit):
    plan = make_plan(circuit, pairs=False)
    assert (np.diff(plan.features) >= 0).all()
    for group in np.unique(plan.planes // GROUP):
        features = plan.features[plan.planes // GROUP == group]
        assert len(features) <= GROUP
        assert features.max() - features.min() < GROUP


def test_slots_are_used_again():
    network = random_network(np.random.default_rng(0), inputs=200, layers=[(200, 3)] * 12)
    nodes, varying, _ = simplify(network)
    classes = np.zeros(int(varying.sum()), np.int64)
    program = schedule(nodes, np.arange(200, dtype=np.int32), 200, classes)
    assert len(program.tables) > 2000
    assert program.slots < 200 + 1 + 250 + BATCH


def test_outputs_that_are_only_counted_share_a_few_slots():
    network = random_network(np.random.default_rng(0), inputs=50, layers=[(3000, 3)])
    nodes, varying, _ = simplify(network)
    classes = np.repeat(np.arange(3), 1000)[varying]
    program = schedule(nodes, np.arange(50, dtype=np.int32), 50, classes)
    assert program.slots < 50 + 1 + BATCH + 20  # few are counted more than once and stay
    assert {batch.number for batch in program.batches} == {0, 1, 2}
    assert max(len(batch.outputs) for batch in program.batches) == BATCH
