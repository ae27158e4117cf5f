"""`warp2hdl prove`, and the proofs that other commands run by the way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.command import CheckError, Command, Result
from warp2hdl.cli.console import counted, progress, show_facts
from warp2hdl.errors import MismatchError, ToolTimeoutError

if TYPE_CHECKING:
    from warp2hdl.formal.prove import Proof
    from warp2hdl.ir import Circuit

BY_THE_WAY_SECONDS = 60.0


@click.command("prove", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="After these it is undecided.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="The circuit to compare with.  [default: the one before any pass that DIR has, else its circuit]",
)
def command(folder: Path, timeout: float, reference: Path | None) -> Result:
    """Prove that emitted Verilog is its circuit.

    The Verilog in DIR is read back and compared with the circuit for all inputs; besides, every path
    from input to output must cross the same number of registers. Exit code 1: it is not, and a
    counterexample is shown; 3: undecided.
    """
    with progress("proving the Verilog"):
        from warp2hdl.formal.prove import prove

        proof = prove(folder, reference=reference, timeout_seconds=timeout)
    result = summary(proof)
    require(proof, result)
    if proof.equivalent is None:
        message = f"It was not decided within {timeout:g} s whether {folder} is its circuit; allow more with --timeout."
        raise CheckError(ToolTimeoutError(message), result)
    show_facts(**facts(proof))
    return result


def summary(proof: Proof) -> Result:
    """A proof as the commands print it."""
    return dataclasses.asdict(proof) | {"problems": list(proof.problems)}


def require(proof: Proof, result: Result) -> None:
    """Ends a command with exit code 1 where the proof found a mistake.

    Raises:
        CheckError: it did.
    """
    try:
        proof.require()
    except MismatchError as error:
        raise CheckError(error, result) from error


def facts(proof: Proof) -> dict[str, str]:
    """A proof in words."""
    if proof.equivalent is None:
        return {"undecided": f"whether {proof.module} is {proof.reference}: `warp2hdl prove` takes as long as it needs"}
    path = "no registers"
    if proof.registers:
        path = f"{counted(proof.latency_cycles or 0, 'register')} on every path, {proof.registers} in all"
    return {"proven": f"{proof.module} is {proof.reference} in {proof.compared}, for all inputs; {path}"}


def prove_folder(folder: Path) -> tuple[Result, dict[str, str]]:
    """Proves what was just emitted, as far as that takes no more than a minute: the result and a line on it.

    Raises:
        CheckError: the Verilog is not the circuit.
    """
    with progress("proving the Verilog"):
        from warp2hdl.formal.prove import prove

        proof = prove(folder, timeout_seconds=BY_THE_WAY_SECONDS)
    result = summary(proof)
    require(proof, result)
    return result, facts(proof)


def prove_passes(before: Circuit, after: Circuit, *, with_scores: bool) -> tuple[bool | None, dict[str, str]]:
    """Proves that passes kept a circuit's classes, and its scores where they have to: the answer and a line on it.

    Raises:
        MismatchError: they did not.
    """
    with progress("proving the circuit"):
        from warp2hdl.formal.circuits import compare_circuits
        from warp2hdl.formal.deadline import Deadline

        verdict = compare_circuits(before, after, deadline=Deadline(BY_THE_WAY_SECONDS), with_scores=with_scores)
    if verdict.words is not None:
        raise MismatchError(
            f"The optimised circuit differs from the one before for the feature words {verdict.words[0].tolist()}; "
            "please report this with the circuit."
        )
    what = "class and scores" if with_scores else "class"
    if verdict.equivalent is None:
        return None, {"undecided": f"within {BY_THE_WAY_SECONDS:g} s whether the {what} are the same for all inputs"}
    return True, {"proven": f"the same {what} as before, for all inputs"}
