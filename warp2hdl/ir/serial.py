"""Circuits as files: one `.safetensors` with the arrays and a JSON header; the same circuit gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import save as to_safetensors

from warp2hdl.encode import Encoder
from warp2hdl.errors import DataError, FormatError, VerifyError
from warp2hdl.files import staged_file
from warp2hdl.ir.circuit import Circuit, Groups, LutNetwork, Metadata
from warp2hdl.ir.verify import ARRAY_DTYPES, verify

SCHEMA_NAME = "warp2hdl.circuit"
SCHEMA_VERSION = 1

# One key only: the order of several is not fixed by the safetensors library.
_KEY = "circuit"


def save(circuit: Circuit, path: Path | str) -> None:
    """Writes a circuit; an existing file is replaced at once or, on an error, left as it is.

    Raises:
        VerifyError: the circuit is not valid.
        FormatError: `metadata.info` holds something that JSON cannot.
        OutputError: the file cannot be written.
    """
    verify(circuit)
    meta = circuit.metadata
    header = {
        "schema": f"{SCHEMA_NAME}/{SCHEMA_VERSION}",
        "name": meta.name,
        "feature_names": list(meta.feature_names),
        "class_names": list(meta.class_names),
        "info": dict(meta.info),
        "sha256": circuit.sha256,
    }
    try:
        text = json.dumps(header, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"the metadata of circuit {meta.name} cannot be written as JSON: {error}.") from error
    arrays = {name: np.ascontiguousarray(array) for name, array in circuit.arrays().items()}
    content = to_safetensors(arrays, metadata={_KEY: text})
    with staged_file(path) as stage:
        stage.write_bytes(content)


def load(path: Path | str) -> Circuit:
    """Reads a circuit that `save` wrote, and verifies it.

    Raises:
        DataError: the file does not exist or cannot be read.
        FormatError: the file is damaged, foreign, or of a newer version.
        VerifyError: the file is whole, but its circuit breaks an invariant.
    """
    path = Path(path)
    header, arrays = _read(path)
    circuit = _build(path, header, arrays)
    if circuit.sha256 != header["sha256"]:
        raise FormatError(f"{path} is damaged: its arrays do not match its SHA-256; write it again or restore a copy.")
    try:
        verify(circuit)
    except VerifyError as error:
        raise VerifyError(f"{path}: {error}") from error
    return circuit


def _read(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The header and the arrays, with the names and types of this version."""
    if not path.is_file():
        raise DataError(f"{path} is not a file; name a circuit.safetensors that warp2hdl wrote.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = _header(path, file.metadata() or {})
            names = set(file.keys())
            if names != set(ARRAY_DTYPES):
                odd = ", ".join(sorted(names ^ set(ARRAY_DTYPES)))
                raise FormatError(f"{path} is damaged: arrays are missing or unknown ({odd}); write it again.")
            arrays = {name: file.get_tensor(name) for name in ARRAY_DTYPES}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (safetensors.SafetensorError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is damaged or not a safetensors file ({error}); write it again.") from error
    for name, array in arrays.items():
        if array.dtype != ARRAY_DTYPES[name] or array.ndim != 1:
            raise FormatError(
                f"{path} is damaged: {name} is {array.dtype} {array.shape}, not {ARRAY_DTYPES[name]} [n]."
            )
    return header, arrays


def _header(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """The JSON header, its schema and fields checked."""
    try:
        header = json.loads(metadata.get(_KEY, "null"))
    except ValueError as error:
        raise FormatError(f"{path} is damaged: its header is not JSON ({error}); write it again.") from error
    schema = header.get("schema") if isinstance(header, dict) else None
    name, _, version = str(schema).partition("/")
    if name != SCHEMA_NAME or not (version.isascii() and version.isdigit()):
        raise FormatError(f"{path} is not a warp2hdl circuit (it has no {SCHEMA_NAME} schema); name one that is.")
    if int(version) > SCHEMA_VERSION:
        raise FormatError(f"{path} has the newer schema {schema}; upgrade warp2hdl to read it.")
    strings = all(isinstance(header.get(key), str) for key in ("name", "sha256"))
    lists = all(
        isinstance(header.get(key), list) and all(isinstance(entry, str) for entry in header[key])
        for key in ("feature_names", "class_names")
    )
    if not (strings and lists and isinstance(header.get("info"), dict)):
        raise FormatError(f"{path} is damaged: its header lacks a field or has one of a wrong type; write it again.")
    return header


def _build(path: Path, header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Circuit:
    """The circuit of arrays whose names and types are right."""
    parts: dict[str, dict[str, npt.NDArray[Any]]] = {"encoder": {}, "network": {}, "groups": {}}
    for key, array in arrays.items():
        part, _, name = key.partition(".")
        parts[part][name] = array
    inputs = parts["network"].pop("inputs")
    if len(inputs) != 1:
        raise FormatError(f"{path} is damaged: network.inputs has {len(inputs)} entries, not 1; write it again.")
    return Circuit(
        Encoder(**parts["encoder"]),
        LutNetwork(inputs=int(inputs[0]), **parts["network"]),
        Groups(**parts["groups"]),
        Metadata(header["name"], tuple(header["feature_names"]), tuple(header["class_names"]), header["info"]),
    )
