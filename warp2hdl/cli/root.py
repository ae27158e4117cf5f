"""The program `warp2hdl`: its commands, and how each end of a command becomes an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from warp2hdl import __version__
from warp2hdl.cli import interrupt
from warp2hdl.cli.command import CheckError, Result, describe_error, print_json
from warp2hdl.cli.lazy import LazyGroup
from warp2hdl.errors import ToolError, Warp2HDLError

COMMANDS: Mapping[str, str] = {
    "train": "warp2hdl.cli.train",
    "evaluate": "warp2hdl.cli.evaluate",
    "optimize": "warp2hdl.cli.optimize",
    "emit-verilog": "warp2hdl.cli.emit_verilog",
    "cosim": "warp2hdl.cli.cosim",
    "prove": "warp2hdl.cli.prove",
    "synth": "warp2hdl.cli.synth",
    "predict": "warp2hdl.cli.predict",
    "export": "warp2hdl.cli.export",
    "bench": "warp2hdl.cli.bench",
}
"""Each command's module; its function `command` is the command, or the group of commands."""

_UNEXPECTED = 3


class Root(LazyGroup):
    """The outermost group: whatever a command raises ends in one sentence and an exit code."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> NoReturn:  # noqa: ANN401
        """Runs a command line and exits."""
        words = list(sys.argv[1:] if args is None else args)
        as_json, debug = "--json" in words, "--debug" in words
        try:
            sys.exit(super().main(words, *rest, **options | {"standalone_mode": False}) or 0)
        except click.Abort as abort:
            message, error = str(abort) or "interrupted; nothing was left behind.", {"type": "Interrupted"}
            self._end(130, message, {"error": error | {"message": message}}, as_json)
        except click.ClickException as usage:
            usage.show()
            message = usage.format_message()
            self._end(usage.exit_code, None, {"error": describe_error(usage, message)}, as_json)
        except CheckError as check:
            message = str(check.error)
            result = check.result | {"error": describe_error(check.error, message)}
            self._end(check.error.exit_code, message, result, as_json)
        except Warp2HDLError as expected:
            message = str(expected)
            if debug:
                _show_debug(expected)
            self._end(expected.exit_code, message, {"error": describe_error(expected, message)}, as_json)
        except Exception as bug:
            if isinstance(bug, OSError) and bug.filename is not None:
                message = f"{bug.filename} cannot be used: {bug.strerror}; check the path and its permissions."
                self._end(2, message, {"error": describe_error(bug, message)}, as_json)
            message = f"warp2hdl failed unexpectedly ({type(bug).__name__}: {bug}); please report what --debug shows."
            if debug:
                _show_debug(bug)
            self._end(_UNEXPECTED, message, {"error": describe_error(bug, message)}, as_json)

    @staticmethod
    def _end(code: int, message: str | None, result: Result, as_json: bool) -> NoReturn:
        if message is not None:
            click.echo(f"{click.style('Error:', fg='red', bold=True)} {message}", err=True)
        if as_json:
            print_json(result)
        sys.exit(code)


def _show_debug(error: Exception) -> None:
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, ToolError):
        click.echo(f"$ {' '.join(error.command)}\n{error.output}", err=True)


@click.command(
    "warp2hdl",
    cls=Root,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`warp2hdl COMMAND --help` describes a command. "
    "Exit codes: 0 done, 1 a check did not hold, 2 bad input, 3 a tool is missing or failed.",
)
@click.version_option(__version__, package_name="warp2hdl")
def cli() -> None:
    """From labelled data to a proven FPGA circuit."""


def main() -> NoReturn:
    """The program `warp2hdl`."""
    interrupt.install()
    cli.main(prog_name="warp2hdl")
