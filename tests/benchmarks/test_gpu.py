"""The GPU benchmark's parts that need no GPU: the floor, the layout of its result, and what it does without one."""

import subprocess
import sys

import pytest
import torch

from benchmarks import gpu, gpu_check
from benchmarks.gpu_floor import Card, Work, floor_ms, step_work
from tests.distributions import TREE

ROUND = Card(1e12, 100, 1e9)  # a terabyte, and 12.8e12 operations, a second


def test_a_kernel_takes_as_long_as_the_slowest_of_its_three_needs():
    assert Work(1e12, 1, 1).seconds(ROUND) == 1
    assert Work(1, 25.6e12, 1).seconds(ROUND) == 2
    assert Work(1, 1, 1.6e12).seconds(ROUND) == 1


def test_the_bytes_of_a_small_step_counted_by_hand():
    work = step_work(5, [3, 4], 2, 10, 4)
    assert work["forward 0"].bytes == 5 * 10 * 1 + 3 * 10 * 4 + 3 * 2 * 4 + 3 * 4 * 4
    assert work["forward 1"].bytes == 3 * 10 * 4 + 4 * 10 * 4 + 4 * 2 * 4 + 4 * 4 * 4
    # x again, the output's gradient, the coefficients' gradients; the first layer's bits have no gradient
    assert work["backward 0"].bytes == 5 * 10 * 1 + 3 * 10 * 4 + 3 * 4 * 4 + 3 * 2 * 4 + 3 * 4 * 4
    assert work["backward 1"].bytes == 2 * 3 * 10 * 4 + 4 * 10 * 4 + 4 * 4 * 4 + 4 * 2 * 4 + 4 * 4 * 4
    assert work["adam"].bytes == 28 * 7 * 4
    assert floor_ms(work, ROUND) == pytest.approx(1000 * sum(kernel.seconds(ROUND) for kernel in work.values()))


def test_operations_of_a_node_of_two_inputs_counted_by_hand():
    work = step_work(5, [3, 4], 2, 10, 4)
    assert work["forward 1"].operations == 4 * 10 * (2 + 3 + 2)
    # the same again, slopes 3 and their factors 2, the product of both inputs' signs, 4 sums, 3 for the sigmoid
    assert work["backward 1"].operations == 4 * 10 * (7 + 5 + 1 + 4 + 3)


def test_bfloat16_halves_what_the_layers_hand_on():
    wide, narrow = (step_work(784, [8000] * 6, 2, 100, size)["forward 1"].bytes for size in (4, 2))
    assert wide - narrow == 2 * 8000 * 100 * 2


def test_a_row_states_the_share_of_the_floor_and_leaves_open_what_was_not_measured():
    runs = {
        "warp2hdl": {"ms_per_step": 0.5},
        "warp2hdl, bfloat16": {"not_measured": "it failed"},
        "torchlogix, compiled": {"ms_per_step": 4.0},
        "difflogic": {"not_measured": "No module named 'difflogic'"},
    }
    row = gpu.row({"arity": 4, "nodes": 8000, "batch": 100}, runs, ROUND)
    floor = floor_ms(step_work(784, [8000] * 6, 4, 100, 4), ROUND)
    assert row["contestants"]["warp2hdl"] == {
        "ms_per_step": 0.5,
        "floor_ms": floor,
        "share_of_floor": pytest.approx(floor / 0.5),
    }
    assert "share_of_floor" not in row["contestants"]["warp2hdl, bfloat16"]
    assert row["contestants"]["difflogic"] == runs["difflogic"]
    assert row["times_as_long"] == {"torchlogix, compiled": 8.0, "difflogic": "not measured"}


def test_the_faster_way_to_launch_counts(monkeypatch):
    times = {True: 0.25, False: 1.5}
    monkeypatch.setattr(gpu, "_run", lambda words, timeout: {"ms_per_step": times["--graph" in words]})
    run = gpu.run_one("python", "warp2hdl", {"arity": 2, "nodes": 10, "batch": 5}, 1)
    assert run == {"ms_per_step": 0.25, "launch": "graph", "graph_ms": 0.25, "eager_ms": 1.5}


def test_what_cannot_be_measured_says_why():
    case = {"arity": 4, "nodes": 10, "batch": 5}
    assert gpu.run_one(None, "torchlogix", case, 1) == {"not_measured": "no interpreter was given"}
    assert gpu.run_one("python", "difflogic", case, 1) == {"not_measured": "it has no nodes of 4 inputs"}
    failing = [sys.executable, "-c", "raise ImportError('no such peer at /some/path')"]
    assert gpu._run(failing, 60) == {"not_measured": "ImportError: no such peer at"}
    assert gpu._run(["/no/such/python"], 60) == {
        "not_measured": "the interpreter does not start: No such file or directory"
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, so it measures")
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path):
    command = [sys.executable, "-m", "benchmarks.gpu", "--out", str(tmp_path / "out.json")]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", gpu.NO_GPU + "\n")
    assert not any(tmp_path.iterdir())


class TestTheCheck:
    DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

    def test_the_kernels_pass(self):
        assert gpu_check.relative_error(torch.ones(3), torch.ones(3).double()) == 0
        errors = gpu_check._errors(self.DEVICE, (7, 13, 5), 2, torch.float32, "noisy", True)
        assert all(0 <= error < 1e-6 for _, error in errors)

    def test_a_wrong_gradient_and_nan_are_noticed(self, monkeypatch):
        def errors(device, sizes, k, dtype, mode, deterministic):
            yield "y", 1e-7
            if k == 3 and mode == "linear":
                yield "grad_x", float("nan") if deterministic else 0.5

        monkeypatch.setattr(gpu_check, "_errors", errors)
        found = gpu_check.wrong("cpu", ((7, 13, 5),))
        assert len(found) == 4  # two types, deterministic or not
        assert found[0].startswith("grad_x at arity 3, 7 inputs, 13 nodes, batch 5, torch.float32, linear")
