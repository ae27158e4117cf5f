"""What the runner tells the bench inside the simulator, and what it gets back: files in the work folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from warp2hdl.sim.checker import Mismatch

# The environment variable that names the work folder.
VARIABLE = "WARP2HDL_COSIM_FOLDER"

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """How to run the bench; fields as in the manifest, those of its `axis` last, and in `cosimulate`."""

    interface: str
    latency_cycles: int
    score_bits: int
    with_scores: bool
    gap_probability: float
    seed: int
    bus_bits: int = 0
    beats: int = 0
    scores_lsb: int = 0


class Stimulus(NamedTuple):
    """Vectors and what they must give.

    Attributes:
        samples: uint8 `[n, bytes]`, `in_features` of each vector, little end first.
        scores: int64 `[n, classes]`, the reference's scores.
    """

    samples: Bytes
    scores: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """What the bench found.

    Attributes:
        cycles: clock cycles, or samples of a `raw` design.
        mismatches: differences in all.
        first_mismatch: the first of them.
        classes: the class of each result, -1 where undefined.
    """

    cycles: int
    mismatches: int
    first_mismatch: Mismatch | None
    classes: list[int]


def progress_file(folder: Path) -> Path:
    """The file that holds the number of vectors sent so far."""
    return folder / "progress"


def write_job(folder: Path, job: Job, stimulus: Stimulus) -> None:
    """Leaves a job for the bench and removes the outcome of an earlier one."""
    for path in (progress_file(folder), folder / "outcome.json"):
        path.unlink(missing_ok=True)
    np.savez(folder / "stimulus.npz", samples=stimulus.samples, scores=stimulus.scores)
    (folder / "job.json").write_text(json.dumps(asdict(job)))


def read_job(folder: Path) -> tuple[Job, Stimulus]:
    """Reads what `write_job` wrote."""
    job = Job(**json.loads((folder / "job.json").read_text()))
    with np.load(folder / "stimulus.npz", allow_pickle=False) as file:
        return job, Stimulus(file["samples"], file["scores"])


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Leaves what the bench found for the runner."""
    (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))


def read_outcome(folder: Path) -> Outcome | None:
    """Reads what `write_outcome` wrote; None where the bench did not get that far."""
    path = folder / "outcome.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    first = found.pop("first_mismatch")
    return Outcome(**found, first_mismatch=Mismatch(*first) if first else None)
