"""Running the command line in tests, inside this process and as a program."""

import json
import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from warp2hdl.cli import cli

ROOT = Path(__file__).resolve().parents[2]
TINY = """
[encoder]
thermometer_bits = 2
[[layers]]
nodes = {nodes}
arity = {arity}
[training]
epochs = 1
batch_size = 16
"""


def tiny_config(folder, *, nodes=40, arity=2, extra=""):
    """A configuration that trains in a moment."""
    path = folder / "tiny.toml"
    path.write_text(TINY.format(nodes=nodes, arity=arity) + extra)
    return path


def run(*words, code=0):
    """Runs a command line without `--json`; returns stdout and stderr."""
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def run_json(*words, code=0):
    """Runs a command line with `--json`; returns the object, which is all that stdout holds."""
    stdout, _ = run(*words, "--json", code=code)
    assert stdout.count("\n") == 1 and stdout.endswith("\n")
    return json.loads(stdout)


def fails(*words, code=2):
    """Runs a command line that fails with one sentence, the same for people and in JSON; returns the sentence."""
    stdout, stderr = run(*words, code=code)
    message = re.search(r"^Error: (.*)\n\Z", stderr, re.MULTILINE)[1]
    assert stdout == ""
    assert "Traceback" not in stderr
    assert run_json(*words, code=code)["error"]["message"] == message
    return message


def python(*words, timeout=120, **options):
    """Runs Python in a process of its own, where this checkout can be imported."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )


def program(*words, **options):
    """Runs `warp2hdl` in a process of its own."""
    return python("-m", "warp2hdl", *words, **options)


def contents(folder):
    """All files below a folder with their bytes, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
