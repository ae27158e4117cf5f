"""Arrays of `.npy` and `.npz` files some rows at a time, so that one larger than the memory can be read."""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.lib.format as npy_format
import numpy.typing as npt

from warp2hdl.errors import DataError

_NPY = b"\x93NUMPY"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, of which so far only the description was read.

    Attributes:
        file: what holds its values, from `start` on.
        start: where they begin.
        shape: its shape.
        dtype: of what it is, never Python objects.
        fortran_order: whether the first axis varies fastest in the file.
        seekable: whether the file can be read out of order at no cost.
    """

    file: IO[bytes]
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran_order: bool
    seekable: bool

    def parts(self, rows: int) -> Iterator[npt.NDArray[np.generic]]:
        """The array `[n, ...]` in parts `[rows, ...]`, the last one shorter; a part is valid until the next one.

        Raises:
            ValueError, EOFError, zipfile.BadZipFile, zlib.error: the file is damaged or too short.
        """
        if self.fortran_order and len(self.shape) > 1:
            yield from self._gathered(rows)
            return
        inner = self.shape[1:]
        self.file.seek(self.start)
        buffer = np.empty((min(rows, self.shape[0]), *inner), self.dtype)
        for first in range(0, self.shape[0], rows):
            part = buffer[: min(rows, self.shape[0] - first)]
            _fill(self.file, part)
            yield part
        if not self.seekable:
            # Only after its last byte a member of a .npz is known to be whole.
            self.file.read(1)

    def _gathered(self, rows: int) -> Iterator[npt.NDArray[np.generic]]:
        """As `parts` where all samples' values of one feature lie together."""
        count, inner = self.shape[0], self.shape[1:]
        width = math.prod(inner)
        with contextlib.ExitStack() as stack:
            file, start = self.file, self.start
            if not self.seekable:
                # Unpacked once onto the disk, for it is read in as many places as there are features.
                file, start = stack.enter_context(tempfile.TemporaryFile()), 0
                self.file.seek(self.start)
                shutil.copyfileobj(self.file, file, 1 << 20)
            for first in range(0, count, rows):
                part = np.empty((width, min(rows, count - first)), self.dtype)
                for feature in range(width):
                    file.seek(start + (feature * count + first) * self.dtype.itemsize)
                    _fill(file, part[feature])
                yield part.reshape(*reversed(inner), -1).T


def _fill(file: IO[bytes], part: npt.NDArray[np.generic]) -> None:
    """Reads a whole array that lies dense."""
    view = part.reshape(-1).view(np.uint8).data
    while len(view):
        count = file.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError("it ends before its last value")
        view = view[count:]


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what goes wrong while an array file is read into a message.

    Raises:
        DataError: the file is damaged, holds Python objects, or cannot be read.
    """
    try:
        yield
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged or holds Python objects ({error}); save plain arrays again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


@contextlib.contextmanager
def stored_arrays(path: Path, *choices: tuple[str, ...]) -> Iterator[dict[str, StoredArray]]:
    """Opens the array of a `.npy` file as `x`, or some of those of a `.npz` file.

    Args:
        path: the file; what it holds tells which of both it is.
        choices: sets of names; those of the first set of which the file has the first name are opened.

    Raises:
        DataError: as `readable`, or no such file.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the path.")
    with contextlib.ExitStack() as stack:
        with readable(path):
            file: IO[bytes] = stack.enter_context(path.open("rb"))
            start = file.read(len(_NPY))
            file.seek(0)
            if start[:4] not in _ZIP:
                found = {"x": _described(file, path.stat().st_size, seekable=True)}
            else:
                archive = stack.enter_context(zipfile.ZipFile(file))
                members = {name.removesuffix(".npy"): name for name in archive.namelist()}
                names = next((names for names in choices if names[0] in members), ())
                opened = {name: stack.enter_context(archive.open(members[name])) for name in names if name in members}
                sizes = {name: archive.getinfo(members[name]).file_size for name in opened}
                found = {name: _described(member, sizes[name], seekable=False) for name, member in opened.items()}
        yield found


def _described(file: IO[bytes], size: int, *, seekable: bool) -> StoredArray:
    """Reads the header of an array in a file of `size` bytes."""
    version = npy_format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"format version {version} is none of plain arrays")
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, fortran_order, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded")
    start = file.tell()
    if any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize > size - start:
        raise EOFError(f"{shape} values of {dtype} are announced, and {size - start} bytes follow")
    return StoredArray(file, start, shape, dtype, fortran_order, seekable)
