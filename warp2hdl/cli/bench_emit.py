"""`warp2hdl bench emit`."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.bench import check_layers, network_in_words, network_options
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import counted, show_facts
from warp2hdl.cli.emit_verilog import TARGETS

if TYPE_CHECKING:
    from warp2hdl.ir import Circuit


@click.command("emit", cls=Command)
@network_options
@click.option(
    "--target", type=click.Choice(TARGETS), default="generic", show_default=True, help="What look-ups are written for."
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of all that is random."
)
def command(inputs: int, layers: tuple[int, ...], arity: int, classes: int, target: str, seed: int) -> Result:
    """Measure how long a random circuit takes to become Verilog.

    Every input is an 8-bit feature with one comparator. Time is that of the emission alone. Memory (in MiB) is given
    twice: the peak above what was resident after the imports and before the circuit was built, and the peak of the
    whole process; Yosys has a process of its own, which is in the CPU time and not in the memory.
    """
    check_layers(layers, classes)
    show_facts(network=f"{network_in_words(inputs, layers, classes)}, {arity} inputs a look-up")

    from warp2hdl.backends import verilog  # noqa: F401 - what it takes to load is no part of the figures
    from warp2hdl.cli.random_circuit import random_circuit
    from warp2hdl.report.machine import describe_machine
    from warp2hdl.report.measure import Memory

    machine = describe_machine("amaranth", "pyosys")
    memory = Memory()
    costs = _emit(random_circuit(inputs, layers, arity, classes, seed), target)
    costs |= {"peak_mb": round(memory.peak_mb(), 1), "process_peak_mb": round(memory.process_peak_mb(), 1)}
    nodes = sum(layers)
    show_facts(
        time=f"{costs['seconds']:.2f} s, {1e3 * costs['cpu_seconds'] / nodes:.2f} ms of CPU time a look-up",
        memory=f"{costs['peak_mb']:.0f} MiB above the imports, {costs['process_peak_mb']:.0f} MiB in all",
        verilog=f"{counted(nodes, 'look-up')}, {costs['verilog_bytes'] / 1e6:.2f} MB",
        machine=f"{machine['device']}, {counted(machine['cores'], 'core')}, load {machine['load_average']}",
    )
    shape = {"inputs": inputs, "layers": list(layers), "arity": arity, "classes": classes, "target": target}
    return {**shape, "nodes": nodes, **costs, **machine}


def _emit(circuit: Circuit, target: str) -> Result:
    from warp2hdl.backends.verilog import emit

    wall, cpu = time.perf_counter(), _cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        manifest = emit(circuit, folder, target=target)
        wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
        size = sum(Path(folder, name).stat().st_size for name in manifest.verilog)
    return {"seconds": round(wall, 3), "cpu_seconds": round(cpu, 3), "verilog_bytes": size}


def _cpu_seconds() -> float:
    """Of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
