"""Finding the circuit that a command is to work on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warp2hdl.errors import DataError, FormatError

if TYPE_CHECKING:
    from warp2hdl.ir import Circuit

CIRCUIT_FILE = "circuit.safetensors"
LOWERED_FILE = "lowered.safetensors"
MODEL_FILE = "model.safetensors"
VECTORS_FILE = "vectors.npz"


def is_model(path: Path) -> bool:
    """Whether a file is a trained model; other files and what cannot be read are not."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return "model" in (file.metadata() or {})
    except (OSError, safetensors.SafetensorError, UnicodeDecodeError):
        return False


def circuit_path(path: Path) -> Path:
    """The circuit's file: `path` itself, or the one in the folder `path`.

    Raises:
        DataError: there is no such file or folder, or the folder has no circuit.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; name a {CIRCUIT_FILE} or the folder of a training run.")
    if not path.is_dir():
        return path
    if not (path / CIRCUIT_FILE).is_file():
        raise DataError(f"{path} holds no {CIRCUIT_FILE}; name a folder that `warp2hdl train` wrote.")
    return path / CIRCUIT_FILE


def load_circuit(path: Path) -> Circuit:
    """The circuit in a file, or in the folder of a training run or of emitted Verilog.

    Raises:
        DataError: there is none.
        FormatError: the file is damaged or foreign, or a model.
        VerifyError: its circuit breaks an invariant.
    """
    from warp2hdl import ir

    file = circuit_path(path)
    if is_model(file):
        raise FormatError(f"{file} is a trained model, not a circuit; name the {CIRCUIT_FILE} of the same run.")
    return ir.load(file)


def load_lowered(path: Path) -> Circuit | None:
    """The circuit before any pass that lies in the folder of a training run, or None; errors as of `load_circuit`."""
    from warp2hdl import ir

    file = path / LOWERED_FILE
    return ir.load(file) if path.is_dir() and file.is_file() else None
