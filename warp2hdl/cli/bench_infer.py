"""`warp2hdl bench infer`."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warp2hdl.cli.circuits import load_circuit
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import counted, show_facts
from warp2hdl.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from warp2hdl.ir import Circuit

BLOCKS = 10


@click.command("infer", cls=Command)
@click.argument("circuit", type=click.Path(path_type=Path))
@click.option("--engine", default="simd", show_default=True, metavar="E", help="numpy, simd or triton.")
@click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="Of the engine simd."
)
@click.option(
    "--images",
    type=click.IntRange(min=1),
    metavar="N",
    default=1 << 17,
    show_default=True,
    help="Random samples that are classified again and again.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    default=3.0,
    show_default=True,
    help="How long to measure, in ten blocks.",
)
def command(circuit: Path, engine: str, threads: int, images: int, seconds: float) -> Result:
    """Measure how many samples a second CIRCUIT classifies in software.

    Everything counts: rows of feature words go in, as bytes where they fit, and class ids come out. Images a second are
    the median of ten blocks by wall time, with the slowest and the fastest beside it, and again by CPU time, which
    other work on the machine disturbs less. The set-up lies between the loaded circuit and the first class: the
    engine's imports, what it works out and compiles, and one sample.
    """
    if threads > 1 and engine != "simd":
        raise ConfigError(f"--threads is for the engine simd; leave it out with --engine {engine}.")
    source = load_circuit(circuit)
    words = random_words(source, images)
    costs = _measure(source, words, engine, threads, seconds)
    from warp2hdl.report.machine import describe_machine

    machine = describe_machine("llvmlite")
    low, high = costs["images_per_second_range"]
    show_facts(
        speed=f"{costs['images_per_second']:,} images a second, {low:,} to {high:,} by block",
        cpu=f"{costs['images_per_cpu_second']:,} images a second of CPU time",
        setup=f"{costs['setup_seconds']:.2f} s for {counted(source.network.nodes, 'look-up')}",
        machine=f"{machine['device']}, {counted(threads, 'thread')}, load {machine['load_average']}",
    )
    shape = {"bytes_per_image": words.itemsize * words.shape[1], "nodes": source.network.nodes}
    return {"engine": engine, "threads": threads, "images": images, **shape, **costs, **machine}


def _measure(
    circuit: Circuit, words: npt.NDArray[np.unsignedinteger], engine: str, threads: int, seconds: float
) -> Result:
    wall, cpu = time.perf_counter(), time.process_time()
    from warp2hdl import engines

    made = engines.make(circuit, engine, threads)
    made.predict(words[:1])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    from warp2hdl.report.measure import measure_steps

    start = time.perf_counter()
    made.predict(words)
    steps = max(1, round(seconds / BLOCKS / (time.perf_counter() - start)))
    costs = measure_steps(lambda: lambda: made.predict(words), steps=steps, blocks=BLOCKS)
    rates = [1e3 * len(words) / milliseconds for milliseconds in costs.wall_ms]
    return {
        "images_per_second": round(statistics.median(rates)),
        "images_per_second_range": [round(min(rates)), round(max(rates))],
        "images_per_cpu_second": round(1e3 * len(words) / statistics.median(costs.cpu_ms)),
        "images_per_cpu_second_best": round(1e3 * len(words) / min(costs.cpu_ms)),
        "setup_seconds": round(wall, 3),
        "setup_cpu_seconds": round(cpu, 3),
    }


def random_words(circuit: Circuit, count: int) -> npt.NDArray[np.unsignedinteger]:
    """Feature words `[count, features]`, every value alike."""
    import numpy as np

    encoder = circuit.encoder
    rng = np.random.default_rng(0)
    top = (1 << encoder.feature_bits.astype(np.int64)) - 1
    raw = rng.integers(
        0, np.iinfo(encoder.word_dtype).max, (count, encoder.features), encoder.word_dtype, endpoint=True
    )
    return raw & top.astype(encoder.word_dtype)
