"""The benchmark's parts that need no GPU; its contestants run in Triton's interpreter."""

import argparse
import subprocess
import sys

import pytest
import torch

from benchmarks import gpu_infer, gpu_infer_step
from tests.distributions import TREE

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize("contestant", gpu_infer_step.OURS)
def test_contestants_run(contestant):
    options = argparse.Namespace(contestant=contestant, inputs=20, nodes=20, images=40, rounds=2)
    found = gpu_infer_step.measure(options, DEVICE)
    low, high = found["images_per_second_range"]
    assert 0 < low <= found["images_per_second"] <= high and found["setup_seconds"] > 0


def test_the_engine_is_compared_first(monkeypatch):
    assert gpu_infer.wrong(3, (0, 33)) == []

    def scores(circuit, words):
        return ir_scores(circuit, words) + (len(words) > 1)

    from warp2hdl import ir

    ir_scores = ir.scores
    monkeypatch.setattr(ir, "scores", scores)
    assert gpu_infer.wrong(1, (0, 33)) == ["circuit 0: 33 of 33 samples have another score"]


def test_a_row_has_the_ratios_or_says_why_not():
    case = {"inputs": 400, "nodes": 8000, "images": 5}
    runs = {"warp2hdl engine": {"images_per_second": 8.0}, "difflogic PackBitsTensor": {"images_per_second": 2.0}}
    assert gpu_infer.row(case, runs) == {**case, "contestants": runs, "times_difflogic": {"warp2hdl engine": 4.0}}
    runs["difflogic PackBitsTensor"] = {"not_measured": "it failed"}
    assert gpu_infer.row(case, runs)["times_difflogic"] == {"warp2hdl engine": "not measured"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, so it measures")
@pytest.mark.parametrize("module", ["gpu_infer", "gpu_infer_step"])
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path, module):
    words = ["--out", str(tmp_path / "out.json")] if module == "gpu_infer" else []
    command = [sys.executable, "-m", f"benchmarks.{module}", *words]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "") and "needs a CUDA GPU" in done.stderr
    assert not any(tmp_path.iterdir())
