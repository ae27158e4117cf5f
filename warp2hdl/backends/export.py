"""The public door of the formats for software and other tools: `write` a circuit as C, BLIF or AIGER."""

from __future__ import annotations

from pathlib import Path

from warp2hdl.backends import aiger, blif, c_source
from warp2hdl.errors import BackendError
from warp2hdl.files import staged_file
from warp2hdl.ir.circuit import Circuit

FORMATS = ("c", "blif", "aiger")


def write(circuit: Circuit, path: Path | str, file_format: str) -> tuple[Path, ...]:
    """Writes a circuit, from feature words to class and scores, and returns the files that were written.

    Args:
        circuit: a valid circuit.
        path: the file; in the format `c` it ends in `.c`, and a header goes beside it.
        file_format: one of `FORMATS`.

    Raises:
        BackendError: an unknown format, or a name that the format cannot hold.
        OutputError: a file cannot be written; all are as they were then.
    """
    path = Path(path)
    match file_format:
        case "c":
            return _write_c(circuit, path)
        case "blif":
            data = blif.convert(circuit).encode("ascii")
        case "aiger":
            data = aiger.convert(circuit)
        case _:
            raise BackendError(f"the format {file_format!r} does not exist; choose one of {', '.join(FORMATS)}.")
    with staged_file(path) as stage:
        stage.write_bytes(data)
    return (path,)


def _write_c(circuit: Circuit, path: Path) -> tuple[Path, ...]:
    header = c_source.header_path(path)
    texts = c_source.convert(circuit, header.name)
    with staged_file(header) as header_stage:
        header_stage.write_text(texts.header, encoding="ascii")
        with staged_file(path) as source_stage:
            source_stage.write_text(texts.source, encoding="ascii")
    return path, header
