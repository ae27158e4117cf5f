"""`warp2hdl bench`: its commands, and what describes a network in all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from warp2hdl.cli.lazy import LazyGroup
from warp2hdl.errors import ConfigError

COMMANDS: Mapping[str, str] = {
    "train": "warp2hdl.cli.bench_train",
    "emit": "warp2hdl.cli.bench_emit",
    "infer": "warp2hdl.cli.bench_infer",
}
"""Each benchmark's module; its function `command` is the command."""


class Widths(click.ParamType):
    """Widths of layers, separated by commas."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:  # noqa: ANN401
        """The widths as numbers."""
        try:
            widths = tuple(int(width) for width in str(value).split(","))
        except ValueError:
            widths = ()
        if not widths or min(widths) < 1:
            self.fail(f"{str(value)!r} is no list of widths, such as 8000,8000,8000.", param, ctx)
        return widths


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--inputs`, `--layers`, `--arity` and `--classes`."""
    for option in (
        click.option(
            "--classes", type=click.IntRange(min=1), metavar="N", default=10, show_default=True, help="Class scores."
        ),
        click.option(
            "--arity", type=click.IntRange(1, 6), metavar="K", default=2, show_default=True, help="Inputs of a look-up."
        ),
        click.option(
            "--layers",
            type=Widths(),
            metavar="N,N,...",
            default=",".join(6 * ["8000"]),
            show_default=True,
            help="Look-ups in each layer.",
        ),
        click.option(
            "--inputs",
            type=click.IntRange(min=1),
            metavar="N",
            default=784,
            show_default=True,
            help="Bits that the first layer reads.",
        ),
    ):
        command = option(command)
    return command


def check_layers(layers: tuple[int, ...], classes: int) -> None:
    """Checks that the last layer's look-ups can be dealt out to the classes.

    Raises:
        ConfigError: they cannot.
    """
    if layers[-1] % classes:
        raise ConfigError(
            f"--layers ends with {layers[-1]}, which does not divide into {classes} classes; "
            f"make the last width a multiple of {classes}."
        )


def network_in_words(inputs: int, layers: tuple[int, ...], classes: int) -> str:
    """The network in short, as `784 -> 6 x 8000 -> 10`."""
    runs: list[tuple[int, int]] = []
    for width in layers:
        if runs and runs[-1][1] == width:
            runs[-1] = runs[-1][0] + 1, width
        else:
            runs.append((1, width))
    inside = [f"{count} x {width}" if count > 1 else str(width) for count, width in runs]
    return " -> ".join([str(inputs), *inside, str(classes)])


@click.group("bench", cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Measure training, emission and classification."""
