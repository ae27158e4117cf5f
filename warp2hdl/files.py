"""Writing files so that an interruption or a full disk loses nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from warp2hdl.errors import OutputError


def _explain(error: OSError, place: Path) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"cannot write {place}: {reason}; free some space or choose another place with --out.")


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[Path]:
    """Makes a folder and those above it, and yields it; what was made and is still empty at the end goes away again.

    Raises:
        OutputError: it cannot be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_existing(folder))
        except OSError as error:
            raise _explain(error, folder) from error
        yield folder


@contextlib.contextmanager
def _existing(folder: Path) -> Iterator[None]:
    """Makes a folder and those above it; what was made and is still empty at the end goes away again."""
    made = []
    for place in (folder, *folder.parents):
        if place.exists():
            break
        made.append(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with contextlib.suppress(OSError):
            for place in made:
                place.rmdir()


@contextlib.contextmanager
def staged_folder(folder: Path | str) -> Iterator[Path]:
    """Yields an empty temporary folder whose files replace those of `folder` once the block ends well.

    Everything is written in full before the first file of `folder` is touched; each file then moves into place
    atomically, in the order of its name with `manifest.json` last. Other files in `folder` stay as they are.

    Raises:
        OutputError: `folder` is a file, cannot be created, or the disk is full. Nothing was replaced then.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give --out a folder.")
    # Where the folder exists it may be a mount, into which nothing can be moved from its parent.
    place = folder if folder.is_dir() else folder.parent
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_existing(place))
            stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=place))
        except OSError as error:
            raise _explain(error, folder) from error
        stack.callback(shutil.rmtree, stage, ignore_errors=True)
        try:
            yield stage
            folder.mkdir(exist_ok=True)
            for path in sorted(stage.iterdir(), key=lambda p: (p.name == "manifest.json", p.name)):
                path.replace(folder / path.name)
        except OSError as error:
            raise _explain(error, folder) from error
        except OutputError as error:
            # A file that was itself staged in here names the temporary folder.
            raise OutputError(str(error).replace(str(stage), str(folder))) from error


@contextlib.contextmanager
def staged_file(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path` that replaces `path` once the block ends well.

    Raises:
        OutputError: `path` is a folder, its folder cannot be created, or the disk is full. `path` is untouched then.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give --out a file.")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_existing(path.parent))
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            os.close(handle)
        except OSError as error:
            raise _explain(error, path) from error
        stage = Path(name)
        stack.callback(stage.unlink, missing_ok=True)
        try:
            yield stage
            # mkstemp makes private files; give them the permissions an ordinary new file would have.
            mask = os.umask(0)
            os.umask(mask)
            stage.chmod(0o666 & ~mask)
            stage.replace(path)
        except OSError as error:
            raise _explain(error, path) from error


def user_cache() -> Path:
    """The folder for what can be made again, `$XDG_CACHE_HOME/warp2hdl` or `~/.cache/warp2hdl`; it may not exist."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "warp2hdl"
