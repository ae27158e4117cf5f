"""The files of a data set that is not built in: found in the user's folder, unzipped, whole."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from warp2hdl.errors import ConfigError, DataError


def require_folder(name: str, folder: Path | str | None, files: str) -> Path:
    """The folder that the user named.

    Args:
        name: the data set.
        folder: what `--data` says.
        files: what the folder must hold, in words, for the message.

    Raises:
        ConfigError: none is given.
        DataError: it is no folder.
    """
    if folder is None:
        raise ConfigError(f"{name} is not built in; give --data FOLDER, the folder with {files}.")
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give --data FOLDER, the folder with {files}.")
    return folder


def find(folder: Path, stem: str, packed: str, files: str) -> Path:
    """The file called `stem`, packed or not.

    Args:
        folder: where it lies.
        stem: its plain name.
        packed: the suffix of its packed form, such as `.gz`.
        files: what the folder must hold, in words, for the message.

    Raises:
        DataError: there is neither.
    """
    for candidate in (folder / f"{stem}{packed}", folder / stem):
        if candidate.is_file():
            return candidate
    raise DataError(f"{folder} has no {stem}{packed}; give --data FOLDER, the folder with {files}.")


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked where its name ends in `.gz` or `.xz`.

    Raises:
        DataError: no such file, unreadable, or damaged or truncated.
    """
    with opened(path) as file:
        return file.read()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to read, unpacked where its name ends in `.gz` or `.xz`.

    Raises:
        DataError: as `content`, also where it is read.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file; check the path.")
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as unzipped:
                yield cast(IO[bytes], unzipped)
        elif path.suffix == ".xz":
            with lzma.open(path) as unpacked:
                yield unpacked
        else:
            with path.open("rb") as plain:
                yield plain
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        kind = "gzip" if path.suffix == ".gz" else "xz"
        raise DataError(f"{path} is a damaged or truncated {kind} file ({error}); fetch it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
