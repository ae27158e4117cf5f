"""The public door: `prove` an emitted folder, or `compare_circuits`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from warp2hdl.backends.manifest import Manifest
from warp2hdl.backends.verilog import CIRCUIT_FILE, REFERENCE_FILE, VECTORS_FILE
from warp2hdl.errors import ConfigError, FormatError, MismatchError, ToolTimeoutError
from warp2hdl.formal.circuits import compare_circuits
from warp2hdl.formal.deadline import Deadline
from warp2hdl.formal.equal import Side, Verdict, compare, first_difference
from warp2hdl.formal.interface import Pipeline, check_pipeline, make_side
from warp2hdl.formal.pipeline import Logic, dissolve
from warp2hdl.formal.readback import read_verilog
from warp2hdl.formal.samples import Samples, choose
from warp2hdl.ir import interpret, serial
from warp2hdl.ir.circuit import Circuit
from warp2hdl.sim.vectors import load_vectors

SAMPLES = 1024


@dataclass(frozen=True)
class Counterexample:
    """An input for which the Verilog is wrong.

    Attributes:
        words: the feature words.
        expected_class: what `interpret` makes of the reference.
        actual_class: what the Verilog makes of it.
        expected_scores: likewise, of the circuit that the scores were compared with.
        actual_scores: likewise; None where the Verilog has no scores.
    """

    words: list[int]
    expected_class: int
    actual_class: int
    expected_scores: list[int]
    actual_scores: list[int] | None


@dataclass(frozen=True)
class Proof:
    """What was proven of an emitted folder.

    Attributes:
        equivalent: whether the logic is that of the reference; None for undecided.
        balanced: whether every path from input to output crosses `latency_cycles` registers, the valid bits keep
            step, and the reset clears them and nothing else; None where the Verilog was not read in time.
        latency_cycles: registers on every path from input to output, as found; None where they differ.
        registers: flip-flops, as found.
        module: the module that was proven; inside a wrapper for AXI4-Stream the circuit's.
        reference: the file that the Verilog was compared with.
        compared: `"class and scores"`, or `"class"` where the reference has other scores or the Verilog none.
        seconds: wall time.
        problems: what is wrong with the registers, a sentence each.
        counterexample: an input for which the Verilog is wrong, if one was found.
    """

    equivalent: bool | None
    balanced: bool | None
    latency_cycles: int | None
    registers: int
    module: str
    reference: str
    compared: str
    seconds: float
    problems: tuple[str, ...]
    counterexample: Counterexample | None

    def require(self) -> None:
        """Raises where something was found to be wrong.

        Raises:
            MismatchError: the Verilog is not equivalent, or its paths are not balanced.
        """
        if (found := self.counterexample) is not None:
            raise MismatchError(
                f"The Verilog is not {self.reference}: it makes class {found.actual_class} with scores "
                f"{found.actual_scores} of the feature words {found.words}, where class {found.expected_class} with "
                f"scores {found.expected_scores} is right."
            )
        if self.balanced is False:
            raise MismatchError(f"The registers of {self.module} are not balanced: {self.problems[0]}.")


def prove(folder: Path | str, *, reference: Path | str | None = None, timeout_seconds: float = 600) -> Proof:
    """Compares the Verilog of an emitted folder with a circuit, for all inputs.

    Args:
        folder: what `emit` wrote.
        reference: a circuit's file; by default the folder's `reference.safetensors`, else its `circuit.safetensors`.
        timeout_seconds: wall time after which the equivalence is undecided.

    Raises:
        FormatError: the folder or a file in it is missing, damaged, foreign or was changed.
        ConfigError: `reference` has other features or classes.
        ToolError: a tool is missing or fails.
    """
    start = time.monotonic()
    deadline = Deadline(timeout_seconds)
    folder = Path(folder)
    manifest = Manifest.read(folder)
    own = _load_own(folder, manifest)
    name, wanted = _load_reference(folder, manifest, own, reference)
    pipeline = Pipeline.of(manifest)
    known = load_vectors(folder / VECTORS_FILE, own.encoder, None)[0] if VECTORS_FILE in manifest.files else None
    samples = choose(own.encoder, known, SAMPLES)
    sources = [folder / each for each in manifest.verilog]
    try:
        netlist = read_verilog(sources, pipeline.module, timeout_seconds=deadline.left)
    except ToolTimeoutError:
        return _unread(pipeline, name, time.monotonic() - start)
    logic = dissolve(netlist, clock=pipeline.clock, unstaged=pipeline.reset)
    latency, problems = check_pipeline(netlist, logic, pipeline)
    side, verdict, compared = _compare(logic, own, wanted, samples, deadline)
    scored = own if compared == "class" else wanted
    found = None if verdict.words is None else _replay(side, verdict.words, scored, wanted)
    seconds = time.monotonic() - start
    return Proof(
        verdict.equivalent,
        not problems,
        latency,
        logic.registers,
        pipeline.module,
        name,
        compared,
        seconds,
        problems,
        found,
    )


def _unread(pipeline: Pipeline, reference: str, seconds: float) -> Proof:
    return Proof(None, None, None, 0, pipeline.module, reference, "class", seconds, (), None)


def _load_own(folder: Path, manifest: Manifest) -> Circuit:
    circuit = serial.load(folder / CIRCUIT_FILE)
    if circuit.sha256 != manifest.circuit_sha256:
        raise FormatError(f"{folder / CIRCUIT_FILE} is not the circuit of the manifest; emit the folder again.")
    return circuit


def _load_reference(
    folder: Path, manifest: Manifest, own: Circuit, reference: Path | str | None
) -> tuple[str, Circuit]:
    if reference is None:
        if REFERENCE_FILE not in manifest.files:
            return CIRCUIT_FILE, own
        return REFERENCE_FILE, serial.load(folder / REFERENCE_FILE)
    circuit = serial.load(reference)
    if circuit.groups.classes != own.groups.classes or not np.array_equal(
        circuit.encoder.feature_bits, own.encoder.feature_bits
    ):
        raise ConfigError(f"{reference} has other features or classes than {folder}; name the circuit it was made of.")
    return str(reference), circuit


def _compare(
    logic: Logic, own: Circuit, wanted: Circuit, samples: Samples, deadline: Deadline
) -> tuple[Side, Verdict, str]:
    """Logic against its own circuit, and that against the reference; passes may give it other scores on purpose."""
    side = make_side(logic, own)
    same_scores = np.array_equal(interpret.scores(own, samples), interpret.scores(wanted, samples))
    compared = "class and scores" if same_scores and side.scores is not None else "class"
    verdict = compare(side, own, samples, deadline)
    if verdict.words is not None and compared != "class" and first_difference(side, wanted, verdict.words) is None:
        return side, compare(side, wanted, samples, deadline), compared
    if verdict.equivalent and own.sha256 != wanted.sha256:
        verdict = compare_circuits(wanted, own, samples, deadline, with_scores=compared != "class")
    return side, verdict, compared


def _replay(side: Side, words: Samples, scored: Circuit, wanted: Circuit) -> Counterexample:
    """A counterexample with what `interpret` and the Verilog make of it."""
    ids, scores = side.evaluate(wanted, words)
    return Counterexample(
        words[0].tolist(),
        int(interpret.classify(wanted, words)[0]),
        int(ids[0]),
        interpret.scores(scored, words)[0].tolist(),
        None if scores is None else scores[0].tolist(),
    )
