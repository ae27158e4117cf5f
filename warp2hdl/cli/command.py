"""What all commands share: `--json`, `--debug`, and a result that becomes one JSON object."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from warp2hdl.errors import ToolError, Warp2HDLError

Result = dict[str, Any]


class CheckError(Exception):
    """A check that did not hold: its error, and the result to report beside it."""

    def __init__(self, error: Warp2HDLError, result: Result) -> None:
        super().__init__(str(error))
        self.error = error
        self.result = result


class Interrupted(click.Abort):
    """Ctrl-C, with a sentence on what it left behind."""


def _keep(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    ctx.meta[f"warp2hdl.{option.name}"] = value


class Command(click.Command):
    """A command whose function returns its result; with `--json` that is printed, and nothing else on stdout."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as click has it
        super().__init__(*args, **options)
        for name, text in (
            ("--json", "Print the result as one JSON object on stdout."),
            ("--debug", "Show the traceback of an error, and what a failed tool printed."),
        ):
            self.params.append(click.Option([name], is_flag=True, expose_value=False, callback=_keep, help=text))

    def invoke(self, ctx: click.Context) -> None:
        """Runs the function and prints its result where JSON is wanted."""
        as_json = ctx.meta["warp2hdl.json"]
        # Some library might print; stdout is for the object alone.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            result = super().invoke(ctx)
        if as_json and result is not None:
            print_json(result)


def print_json(result: Mapping[str, Any]) -> None:
    """Prints one JSON object on one line of stdout."""
    click.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))


def describe_error(error: BaseException, message: str) -> Result:
    """An error as the value of `error` in a JSON object."""
    described: Result = {"type": type(error).__name__, "message": message}
    if isinstance(error, ToolError):
        described |= {"command": list(error.command), "output": error.output}
    return described
