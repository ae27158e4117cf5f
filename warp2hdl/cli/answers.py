"""Where the classes that `predict` finds go: all of them or, where something goes wrong, none."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.lib.format as npy_format
import numpy.typing as npt

from warp2hdl.cli.command import Result
from warp2hdl.errors import OutputError
from warp2hdl.files import staged_file
from warp2hdl.ir import Circuit

Classes = npt.NDArray[np.int64]


@dataclass
class Answers:
    """Takes classes in the order of the samples.

    Attributes:
        add: takes class ids `[n]` and, with scores, class scores `[n, classes]`.
        with_scores: whether it wants scores.
        listed: what goes into the command's result.
    """

    add: Callable[..., None]
    with_scores: bool
    listed: Callable[[], Result] = dict


@contextmanager
def csv_file(path: Path, circuit: Circuit, with_scores: bool) -> Iterator[Answers]:
    """A `.csv` file of class names and ids, in place once the block ends well.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    with staged_file(path) as stage, stage.open("w", encoding="utf-8", newline="") as file:
        yield _csv(file, circuit, with_scores)
        file.flush()


@contextmanager
def printed_csv(circuit: Circuit, with_scores: bool) -> Iterator[Answers]:
    """The same on stdout, once all is known.

    Raises:
        OutputError: there is no room to keep it until then.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        try:
            yield _csv(file, circuit, with_scores)
            file.seek(0)
        except OSError as error:
            raise OutputError(
                f"cannot write to {tempfile.gettempdir()}: {error.strerror or error}; give --out a file."
            ) from error
        shutil.copyfileobj(file, sys.stdout)


@contextmanager
def npy_file(path: Path, circuit: Circuit, with_scores: bool) -> Iterator[Answers]:
    """A `.npy` file of int64 class ids `[samples]` or scores `[samples, classes]`, in place once the block ends well.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    inner = (circuit.groups.classes,) if with_scores else ()
    samples = 0

    def add(found: Classes, scores: Classes | None = None) -> None:
        nonlocal samples
        samples += len(found)
        file.write(np.ascontiguousarray(found if scores is None else scores, np.int64).data)

    def write_header() -> None:
        description = {"descr": npy_format.dtype_to_descr(np.dtype(np.int64)), "fortran_order": False}
        npy_format.write_array_header_1_0(file, description | {"shape": (samples, *inner)})

    with staged_file(path) as stage, stage.open("wb") as file:
        write_header()
        yield Answers(add, with_scores)
        # The header leaves room for a first axis of any length, so it stays as long as it was.
        file.seek(0)
        write_header()


@contextmanager
def rows_for_json(circuit: Circuit, with_scores: bool) -> Iterator[Answers]:
    """Lists of class names, ids and scores in the command's result."""
    ids: list[int] = []
    rows: list[list[int]] = []

    def add(found: Classes, scores: Classes | None = None) -> None:
        ids.extend(found.tolist())
        if scores is not None:
            rows.extend(scores.tolist())

    def listed() -> Result:
        names = circuit.metadata.class_names
        return {"classes": [names[i] for i in ids], "class_ids": ids} | ({"scores": rows} if with_scores else {})

    yield Answers(add, with_scores, listed)


def _csv(file: TextIO, circuit: Circuit, with_scores: bool) -> Answers:
    names = circuit.metadata.class_names
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("class", "class_id", *(f"score_{name}" for name in names if with_scores)))
    lines = [_line(name, i) for i, name in enumerate(names)]

    def add(found: Classes, scores: Classes | None = None) -> None:
        ids = found.tolist()
        if scores is None:
            file.write("".join(map(lines.__getitem__, ids)))
        else:
            rows.writerows((names[i], i, *score) for i, score in zip(ids, scores.tolist(), strict=True))

    return Answers(add, with_scores)


def _line(*cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
