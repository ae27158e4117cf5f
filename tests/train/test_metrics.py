import json

from warp2hdl.train import EpochMetrics


def test_a_diverged_loss_is_null():
    line = EpochMetrics(3, float("nan"), 0.5, 0.25, 0.25, 0.01, 1.0, 2.0).json_line()
    assert line.endswith("}\n")
    row = json.loads(line)
    assert row["loss"] is None and row["gap"] == 0.25 and row["epoch"] == 3
