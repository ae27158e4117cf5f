"""`warp2hdl bench train`."""

from __future__ import annotations

import click

from warp2hdl.cli.bench import check_layers, network_in_words, network_options
from warp2hdl.cli.command import Command, Result
from warp2hdl.cli.console import counted, show_facts, show_table
from warp2hdl.cli.interrupt import raise_if_interrupted

DATA = ("bits", "real")


@click.command("train", cls=Command)
@network_options
@click.option("--relaxation", metavar="NAME", default="walsh", show_default=True, help="How a look-up is relaxed.")
@click.option("--sampling", metavar="NAME", default="soft", show_default=True, help="What training passes on.")
@click.option("--wiring", metavar="NAME", default="random", show_default=True, help="How look-ups are connected.")
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="N", default=100, show_default=True, help="Samples a step."
)
@click.option(
    "--data",
    type=click.Choice(DATA),
    default="bits",
    show_default=True,
    help="Inputs: bits, as in training, or real numbers.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="CPU threads.")
@click.option(
    "--steps", type=click.IntRange(min=1), metavar="N", default=20, show_default=True, help="Steps in each block."
)
@click.option(
    "--blocks",
    type=click.IntRange(min=1),
    metavar="N",
    default=7,
    show_default=True,
    help="Blocks that are timed; their median counts.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of all that is random."
)
def command(
    inputs: int,
    layers: tuple[int, ...],
    arity: int,
    classes: int,
    relaxation: str,
    sampling: str,
    wiring: str,
    batch: int,
    data: str,
    threads: int,
    steps: int,
    blocks: int,
    seed: int,
) -> Result:
    """Measure a training step on the CPU: forward, backward and Adam.

    CPU time is that of all threads together, the median over blocks of steps that follow three to warm up. Memory
    (in MiB) is given twice: the peak above what was resident after the imports and before the network was built, and
    the peak of the whole process.
    """
    check_layers(layers, classes)
    name = network_in_words(inputs, layers, classes)
    show_facts(network=f"{name}, {arity} inputs a look-up, {relaxation}, {sampling}")

    import torch

    from warp2hdl.cli.train_step import Network, load_optimizer, prepare_step
    from warp2hdl.report.machine import describe_machine
    from warp2hdl.report.measure import measure_steps
    from warp2hdl.train.precision import use_threads

    use_threads(threads, "--threads")
    load_optimizer()
    machine = describe_machine("torch", "llvmlite")
    torch.manual_seed(seed)
    network = Network(inputs, layers, arity, classes, relaxation, sampling, wiring)
    costs = measure_steps(
        lambda: prepare_step(network, batch, real=data == "real"),
        steps=steps,
        blocks=blocks,
        on_block=lambda _: raise_if_interrupted(),
    ).to_json()
    _show(costs, machine, steps, blocks, batch, threads)
    return {
        "inputs": inputs,
        "layers": list(layers),
        "arity": arity,
        "classes": classes,
        "relaxation": relaxation,
        "sampling": sampling,
        "wiring": wiring,
        "batch": batch,
        "data": data,
        "threads": threads,
        "steps": steps,
        "blocks": blocks,
        **costs,
        **machine,
    }


def _show(costs: Result, machine: Result, steps: int, blocks: int, batch: int, threads: int) -> None:
    from warp2hdl.report.tables import step_table

    show_table(step_table(costs))
    show_facts(
        memory=f"{costs['peak_mb']:.0f} MiB above the imports, {costs['process_peak_mb']:.0f} MiB in all",
        measured=f"{blocks} x {counted(steps, 'step')} of {counted(batch, 'sample')} on {counted(threads, 'thread')}, "
        f"after {costs['setup_seconds']:.1f} s of set-up",
        machine=f"{machine['device']}, {counted(machine['cores'], 'core')}, load {machine['load_average']}",
    )
