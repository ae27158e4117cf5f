"""Run by `torchrun` in test_distributed.py: trains in several ways and saves what came out, by the first process."""

import contextlib
import sys
from pathlib import Path

import safetensors.torch
import torch
from torch import distributed

from tests.train import test_distributed as tests
from warp2hdl import data
from warp2hdl.train import fit
from warp2hdl.train.distributed import World, leave


class Stopped(BaseException):
    """What ends a run from outside."""


def main() -> None:
    folder = Path(sys.argv[1])
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    world = World(rank, 2, torch.device("cpu"))
    digits = data.load("digits")

    def save(name, trained):
        arrays = {key: value.contiguous() for key, value in trained.model.state_dict().items()}
        arrays["metrics"] = torch.tensor([[m.loss, m.val_accuracy_hard] for m in trained.metrics], dtype=torch.float64)
        for key, value in arrays.items():
            mine, first = value.double(), world.agree(value.double())
            assert torch.equal(mine, first), f"{name}: {key} differs between the processes"
        if rank == 0:
            safetensors.torch.save_file(arrays, folder / f"{name}.safetensors")

    def stop(done, total):
        if done == 40:
            raise Stopped

    save("soft", fit(digits, tests.SOFT))
    save("noisy", fit(digits, tests.NOISY))
    distributed.barrier()
    with contextlib.suppress(Stopped):
        fit(digits, tests.NOISY, checkpoint=folder, on_step=stop)
    distributed.barrier()
    save("resumed", fit(digits, tests.NOISY, checkpoint=folder, resume=True))
    leave()


if __name__ == "__main__":
    main()
