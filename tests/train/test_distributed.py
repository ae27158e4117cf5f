"""Two gloo processes against one with the same batches."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from warp2hdl import data
from warp2hdl.config import EncoderConfig, LayerConfig, TrainConfig, TrainingConfig
from warp2hdl.errors import ConfigError
from warp2hdl.train import fit
from warp2hdl.train.distributed import World, world

TREE = Path(__file__).resolve().parents[2]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
SOFT = TrainConfig(
    EncoderConfig(8, 2),
    (LayerConfig(40, 4, wiring="learned", candidates=4), LayerConfig(50, 2)),
    # An odd batch is not divided evenly.
    TrainingConfig(
        epochs=2, batch_size=51, rewiring_interval=9, spectral_l2=1e-3, weight_decay=1e-4, label_smoothing=0.1
    ),
)
NOISY = dataclasses.replace(
    SOFT,
    layers=(dataclasses.replace(SOFT.layers[0], sampling="gumbel-hard"), SOFT.layers[1]),
    training=dataclasses.replace(SOFT.training, augment="shift", jitter=1),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What two processes ended with, by the name of the run."""
    folder = tmp_path_factory.mktemp("two")
    done = subprocess.run(
        [*TORCHRUN, "-m", "tests.train.two_processes", str(folder)],
        cwd=TREE,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path.stem: safetensors.torch.load_file(path) for path in folder.glob("*.safetensors")}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def test_two_processes_end_where_one_ends(found, digits):
    alone = fit(digits, SOFT)
    for name, value in alone.model.state_dict().items():
        assert torch.allclose(found["soft"][name].double(), value.double(), atol=1e-4), name
    for both, one in zip(found["soft"]["metrics"].tolist(), alone.metrics, strict=True):
        assert both == pytest.approx([one.loss, one.val_accuracy_hard], abs=1e-5)


def test_noise_differs_between_processes_and_still_learns(found, digits):
    loss = found["noisy"]["metrics"][:, 0]
    assert loss[1] < loss[0] < 2.4
    assert not torch.equal(found["noisy"]["0.weight"], found["soft"]["0.weight"])


def test_stopped_and_resumed_is_the_same_in_two_processes(found):
    for name, value in found["noisy"].items():
        assert torch.equal(found["resumed"][name], value), name


def test_alone_nothing_is_exchanged():
    alone = World(0, 1, torch.device("cpu"))
    values = torch.arange(5)
    assert torch.equal(alone.share(values), values)
    assert alone.agree(values) is values and alone.gather(values) == [values] and alone.count(3, 4) == [3, 4]
    before = values.float()
    alone.add([before])
    assert torch.equal(before, values.float())


def test_shares_are_a_partition():
    rows = torch.randperm(17)
    shares = [World(rank, 4, torch.device("cpu")).share(rows) for rank in range(4)]
    assert sorted(torch.cat(shares).tolist()) == list(range(17))
    assert {len(share) for share in shares} == {4, 5}


def test_each_process_needs_a_device(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError) as error, world(torch.device("cuda")):
        pass
    assert str(error.value) == (
        "process 2 of this machine has no CUDA device of its own, there are 2; "
        "start as many processes, or give --device cpu."
    )


def test_a_batch_has_to_reach_for_all_processes(digits, monkeypatch):
    from contextlib import nullcontext

    from warp2hdl.train import trainer

    monkeypatch.setattr(trainer, "world", lambda device: nullcontext(World(0, 64, device)))
    with pytest.raises(ConfigError) as error:
        fit(digits, SOFT)
    assert str(error.value) == (
        "a batch of 51 samples cannot be divided among 64 processes; "
        "raise training.batch_size or start fewer processes."
    )
