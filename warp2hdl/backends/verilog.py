"""The public door of the Verilog back end: `emit` a folder, or `convert` to a string."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from warp2hdl import __version__
from warp2hdl.backends import axis
from warp2hdl.backends.convert import to_rtlil, to_verilog
from warp2hdl.backends.lookups import LINE_LENGTH
from warp2hdl.backends.manifest import Feature, Manifest, Port, hash_file
from warp2hdl.backends.names import identifier
from warp2hdl.backends.pipeline import Top
from warp2hdl.backends.targets import Target, get_target
from warp2hdl.backends.tidy import tidy
from warp2hdl.errors import BackendError
from warp2hdl.files import staged_folder
from warp2hdl.ir import serial
from warp2hdl.ir.circuit import Circuit

INTERFACES = ("stream", "axis", "raw")
CIRCUIT_FILE = "circuit.safetensors"
REFERENCE_FILE = "reference.safetensors"
VECTORS_FILE = "vectors.npz"

Vectors = tuple[npt.NDArray[np.unsignedinteger], npt.NDArray[np.int64]]


def emit(
    circuit: Circuit,
    out_dir: Path | str,
    *,
    interface: str = "stream",
    target: str = "generic",
    levels_per_stage: int = 1,
    with_scores: bool = True,
    bus_bits: int = axis.BUS_BITS,
    vectors: Vectors | None = None,
    reference: Circuit | None = None,
) -> Manifest:
    """Writes a folder with the circuit's Verilog, its manifest, the circuit itself and test vectors.

    Args:
        circuit: a valid circuit.
        out_dir: the folder; made if need be, files of the same names are replaced once all is written.
        interface: `"stream"` (registered, valid in and out), `"axis"` (the same between two AXI4-Streams) or `"raw"`
            (combinational, no clock).
        target: what the look-ups are written for, one of `targets.TARGETS`.
        levels_per_stage: look-ups from register to register; 0 for output registers alone.
        with_scores: whether the scores come out.
        bus_bits: width of `s_axis_tdata`.
        vectors: feature words `[n, features]` and labels `[n]` to store for a co-simulation.
        reference: the circuit before any pass, to store for a proof.

    Raises:
        BackendError: an option, or what the target cannot hold.
        OutputError: the folder cannot be written; it is as it was then.
        ToolError: Yosys is missing, fails or takes too long.
    """
    top, family = _design(circuit, interface, target, levels_per_stage, with_scores)
    words = None if vectors is None else _check_vectors(circuit, *vectors)
    name = identifier(circuit.metadata.name)
    wrapper = axis.make_wrapper(top, name, bus_bits) if interface == "axis" else None
    text = _render(top, family, name, interface)
    with staged_folder(out_dir) as stage:
        (stage / f"{name}.v").write_text(text, encoding="ascii")
        if wrapper is not None:
            (stage / f"{wrapper.top}.v").write_text(axis.render(wrapper), encoding="ascii")
        serial.save(circuit, stage / CIRCUIT_FILE)
        if reference is not None:
            serial.save(reference, stage / REFERENCE_FILE)
        if vectors is not None and words is not None:
            labels = np.asarray(vectors[1], np.int64)
            with (stage / VECTORS_FILE).open("wb") as file:
                np.savez_compressed(file, words=words, labels=labels)
        hashes = {path.name: hash_file(path) for path in sorted(stage.iterdir())}
        manifest = _describe(top, name, interface, target, levels_per_stage, hashes)
        if wrapper is not None:
            manifest = axis.describe(manifest, wrapper)
        manifest.write(stage)
    return manifest


def convert(
    circuit: Circuit,
    *,
    interface: str = "stream",
    target: str = "generic",
    levels_per_stage: int = 1,
    with_scores: bool = True,
    bus_bits: int = axis.BUS_BITS,
) -> str:
    """The circuit's Verilog, with its wrapper where there is one. Arguments and errors as of `emit`."""
    top, family = _design(circuit, interface, target, levels_per_stage, with_scores)
    name = identifier(circuit.metadata.name)
    wrapper = axis.render(axis.make_wrapper(top, name, bus_bits)) if interface == "axis" else ""
    return _render(top, family, name, interface) + wrapper


def _design(
    circuit: Circuit, interface: str, target: str, levels_per_stage: int, with_scores: bool
) -> tuple[Top, Target]:
    if interface not in INTERFACES:
        raise BackendError(f"the interface {interface!r} does not exist; choose one of {', '.join(INTERFACES)}.")
    if levels_per_stage < 0:
        raise BackendError(f"levels_per_stage is {levels_per_stage}; it must be 0 (output registers alone) or more.")
    family = get_target(target)
    inner = "raw" if interface == "raw" else "stream"
    top = Top(
        circuit,
        interface=inner,
        levels_per_stage=levels_per_stage,
        with_scores=with_scores,
        lut_inputs=family.lut_inputs,
    )
    return top, family


def _check_vectors(
    circuit: Circuit, words: npt.NDArray[np.unsignedinteger], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.unsignedinteger]:
    features = circuit.encoder.features
    if words.ndim != 2 or words.shape[1] != features or len(labels) != len(words):
        raise BackendError(
            f"the vectors have shapes {words.shape} and {np.shape(labels)}; give words [n, {features}] and labels [n]."
        )
    return words.astype(circuit.encoder.word_dtype, copy=False)


def _render(top: Top, target: Target, name: str, interface: str) -> str:
    design = to_rtlil(top, name)
    body = tidy(to_verilog(design.text), target, design.comments, design.order, design.written)
    return f"{_header(top, name, interface)}\n`default_nettype none\n\n{body}\n`default_nettype wire\n"


def _header(top: Top, name: str, interface: str) -> str:
    """The comment above all modules; no date, as the same circuit gives the same bytes."""
    circuit, groups = top.circuit, top.circuit.groups
    lines = [f"{name}: a look-up network, written by warp2hdl {__version__}", "", f"circuit   sha256 {circuit.sha256}"]
    accuracy = circuit.metadata.info.get("accuracy")
    if accuracy:
        lines.append(f"accuracy  {json.dumps(accuracy, ensure_ascii=True).strip('{}').replace(chr(34), '')}")
    if interface != "raw":
        cycles = top.plan.latency_cycles
        lines.append(f"timing    latency {cycles} clock cycles, a sample in every cycle (initiation interval 1)")
    else:
        lines.append("timing    combinational")
    lookups = top.design.lookups()
    lines.append(f"size      {sum(lookups.values())} look-ups: {', '.join(f'{k} {n}' for k, n in lookups.items())}")
    if top.clocked:
        lines.append(f"          {top.plan.registers} registers")
    lines.append("")
    for port in _ports(top):
        lines.append(f"{port.name:<11} {port.direction:<6} {port.width:>5}  {port.meaning}")
    lines.append("")
    lines.append(f"Classes: {', '.join(f'{i} = {c}' for i, c in enumerate(_ascii(circuit.metadata.class_names)))}.")
    lines.append(f"A score is unsigned and at most {int((groups.sizes + groups.bias).max())}.")
    lines.append(
        "Feature words are word = floor((x - offset) * scale + 0.5), clipped to their width; see manifest.json."
    )
    wrapped = (part for line in lines for part in textwrap.wrap(line, LINE_LENGTH - 3) or [""])
    return "".join(f"// {line}".rstrip() + "\n" for line in wrapped)


def _ascii(names: tuple[str, ...]) -> list[str]:
    """Names fit for a one-line comment."""
    return [" ".join(name.encode("ascii", "backslashreplace").decode().split()) for name in names]


def _ports(top: Top) -> list[Port]:
    groups, features = top.circuit.groups, top.circuit.encoder.features
    meanings = {
        "in_valid": "in_features holds a sample; it is taken at the rising edge of clk",
        "in_features": f"{features} unsigned feature words, feature 0 in the lowest bits",
        "out_valid": "the outputs belong to a sample",
        "out_class": "the class with the highest score, the lowest one among equals",
        "out_scores": f"{groups.classes} scores of {groups.score_bits} bits, class 0 in the lowest bits",
    }
    ports = []
    if top.clocked:
        ports.append(Port("clk", "input", 1, "clock, rising edge"))
        ports.append(Port("rst", "input", 1, "synchronous reset, active high: forgets the samples on their way"))
    for name in top.signature.members:
        direction = "input" if name.startswith("in_") else "output"
        ports.append(Port(name, direction, len(getattr(top, name)), meanings[name]))
    return ports


def _features(circuit: Circuit) -> list[Feature]:
    encoder = circuit.encoder
    lsb = np.cumsum(encoder.feature_bits.astype(np.int64)) - encoder.feature_bits
    columns = (encoder.feature_bits.tolist(), lsb.tolist(), encoder.scale.tolist(), encoder.offset.tolist())
    return [Feature(*row) for row in zip(circuit.metadata.feature_names, *columns, strict=True)]


def _describe(
    top: Top, name: str, interface: str, target: str, levels_per_stage: int, hashes: dict[str, str]
) -> Manifest:
    circuit = top.circuit
    arities = Counter(len(node.fanins) for node in top.design.fabric())
    accuracy: Any = circuit.metadata.info.get("accuracy")
    return Manifest(
        generator=f"warp2hdl {__version__}",
        top=name,
        verilog=(f"{name}.v",),
        interface=interface,
        target=target,
        clock="clk" if top.clocked else None,
        reset="rst" if top.clocked else None,
        ports=tuple(_ports(top)),
        features=tuple(_features(circuit)),
        classes=circuit.metadata.class_names,
        class_bits=circuit.groups.class_bits,
        score_bits=circuit.groups.score_bits,
        scores=top.with_scores,
        latency_cycles=top.plan.latency_cycles,
        registers=top.plan.registers if top.clocked else 0,
        initiation_interval=1,
        levels_per_stage=levels_per_stage,
        contains=("encoder", "fabric", "popcount", "argmax"),
        nodes=sum(arities.values()),
        nodes_by_arity={str(k): arities[k] for k in sorted(arities)},
        depth=top.design.depth,
        comparators=top.design.comparators,
        lookups=top.design.lookups(),
        accuracy=dict(accuracy) if isinstance(accuracy, dict) else {},
        circuit_sha256=circuit.sha256,
        files=hashes,
    )
