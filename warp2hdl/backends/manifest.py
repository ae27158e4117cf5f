"""`manifest.json`: what an emitted folder holds, and how to talk to the circuit in it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warp2hdl.errors import FormatError

SCHEMA = "warp2hdl.manifest/1"
FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Port:
    """A port of the top module: `direction` is `"input"` or `"output"`, `width` in bits, `meaning` for people."""

    name: str
    direction: str
    width: int
    meaning: str


@dataclass(frozen=True)
class Feature:
    """Feature word `clip(floor((x - offset) * scale + 0.5))` of `bits` bits, at `in_features[lsb +: bits]`."""

    name: str
    bits: int
    lsb: int
    scale: float
    offset: float


@dataclass(frozen=True)
class Axis:
    """The AXI4-Stream wrapper: `core` is the module inside, which has the interface `stream`.

    `beats` beats of `bus_bits` bits make a sample: bit i of its feature words is bit `i % bus_bits` of beat
    `i // bus_bits`. A result is one beat: the class in the lowest bits, the scores, if any, from `scores_lsb` on.
    """

    core: str
    bus_bits: int
    beats: int
    scores_lsb: int


@dataclass(frozen=True)
class Manifest:
    """Everything that a user of the emitted folder has to know.

    Attributes:
        generator: program and version.
        top: the top module.
        verilog: file names, in the order in which they are to be read.
        interface: `"stream"`, `"axis"` or `"raw"`.
        target: what the look-ups are written for.
        clock: the clock's port, or None.
        reset: the reset's port (synchronous, clears control bits only; active high, but low for `aresetn`), or None.
        ports: all ports.
        features: all features, in the order of `in_features`.
        classes: class names in the order of the class ids.
        class_bits: width of `out_class`.
        score_bits: width of a class's score; class c's is `out_scores[c * score_bits +: score_bits]`.
        scores: whether there is `out_scores`.
        latency_cycles: clock edges from a sample (`axis`: its last beat) to its result; 0 for raw.
        registers: flip-flops of the circuit, those of the valid bits included, those of a wrapper not.
        initiation_interval: clock cycles from sample to sample.
        levels_per_stage: look-ups from register to register; 0 for output registers alone.
        contains: the blocks that are inside.
        nodes: look-ups of the fabric that were built.
        nodes_by_arity: how many of them have how many inputs.
        depth: look-ups on the longest path.
        comparators: comparators that were built.
        lookups: look-ups that were built, by kind of block: encoder, fabric, popcount, argmax.
        accuracy: as the circuit's metadata has it, maybe empty.
        circuit_sha256: the circuit's hash.
        files: SHA-256 of each file beside the manifest.
        axis: of the AXI4-Stream wrapper, or None.
    """

    generator: str
    top: str
    verilog: tuple[str, ...]
    interface: str
    target: str
    clock: str | None
    reset: str | None
    ports: tuple[Port, ...]
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    class_bits: int
    score_bits: int
    scores: bool
    latency_cycles: int
    registers: int
    initiation_interval: int
    levels_per_stage: int
    contains: tuple[str, ...]
    nodes: int
    nodes_by_arity: dict[str, int]
    depth: int
    comparators: int
    lookups: dict[str, int]
    accuracy: dict[str, Any]
    circuit_sha256: str
    files: dict[str, str]
    axis: Axis | None = None

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"schema": SCHEMA} | dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n"

    def write(self, folder: Path | str) -> None:
        """Writes `manifest.json` into `folder`; the caller stages the folder."""
        Path(folder, FILE_NAME).write_text(self.to_json(), encoding="utf-8")

    @staticmethod
    def read(folder: Path | str, *, check_files: bool = True) -> Manifest:
        """Reads `manifest.json` of `folder` and compares the files beside it with their hashes.

        Raises:
            FormatError: there is no manifest, it is damaged or foreign, or a file is missing or was changed.
        """
        path = Path(folder, FILE_NAME)
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FormatError(f"{path} does not exist; give a folder that `warp2hdl emit-verilog` wrote.") from None
        except (OSError, ValueError) as error:
            raise FormatError(f"{path} cannot be read ({error}); emit the folder again.") from error
        manifest = _from_json(raw, path)
        if check_files:
            _check_files(manifest, path.parent)
        return manifest


def hash_file(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "str | None": (str, type(None)),
    "int": int,
    "bool": bool,
}


def _from_json(raw: object, path: Path) -> Manifest:
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(schema, str) or not schema.startswith("warp2hdl.manifest/"):
        raise FormatError(f"{path} is not a manifest of warp2hdl; give a folder that `warp2hdl emit-verilog` wrote.")
    if schema != SCHEMA:
        raise FormatError(
            f"{path} has the schema {schema}, this version reads {SCHEMA}; upgrade warp2hdl or emit again."
        )
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Manifest):
        if field.name not in raw:
            if field.default is not dataclasses.MISSING:
                continue
            raise FormatError(f"{path} lacks the field {field.name!r}; emit the folder again.")
        try:
            values[field.name] = _convert(str(field.type), raw[field.name])
        except (TypeError, ValueError) as error:
            raise FormatError(f"{path} has a bad value in {field.name!r} ({error}); emit the folder again.") from error
    return Manifest(**values)


def _convert(kind: str, value: Any) -> Any:  # noqa: ANN401
    if kind in _SHAPES:
        shape = _SHAPES[kind]
        if not isinstance(value, shape) or (isinstance(value, bool) and kind != "bool"):
            raise TypeError(f"{value!r} is no {kind}")
        return value
    if kind == "Axis | None" and value is None:
        return None
    if kind.startswith(("dict", "Axis")):
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no object")
        return Axis(**value) if kind.startswith("Axis") else value
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    part = {"tuple[Port, ...]": Port, "tuple[Feature, ...]": Feature}.get(kind)
    if part is not None:
        return tuple(part(**item) for item in value)
    return tuple(_convert("str", item) for item in value)


def _check_files(manifest: Manifest, folder: Path) -> None:
    for name in manifest.verilog:
        if name not in manifest.files:
            raise FormatError(f"{folder / FILE_NAME} has no hash of {name!r}; emit the folder again.")
    for name, expected in manifest.files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise FormatError(f"{path} is missing though {FILE_NAME} lists it; emit the folder again.")
        if hash_file(path) != expected:
            raise FormatError(f"{path} was changed after it was emitted; emit the folder again.")
