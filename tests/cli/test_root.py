"""Help, exit codes and error output of the program."""

import json
import resource
import signal
import subprocess
import sys

import click
import pytest

from tests.cli.running import ROOT, fails, program, python, run, tiny_config
from warp2hdl import __version__
from warp2hdl.cli import bench, cli, optimize, root
from warp2hdl.errors import DataError, ToolError

HEAVY = ("torch", "triton", "numpy", "llvmlite", "amaranth", "cocotb", "sklearn", "matplotlib", "pyosys", "safetensors")
HELP = [
    ["--help"],
    *([name, "--help"] for name in root.COMMANDS),
    *(["bench", name, "--help"] for name in bench.COMMANDS),
]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_imports_nothing_heavy(words):
    code = f"import sys; from warp2hdl.cli import cli\ntry: cli.main({words})\nexcept SystemExit as e: print(e.code)\n"
    found = python("-c", f"{code}print(sorted(set(sys.modules) & set({HEAVY})))")
    assert found.stdout.splitlines()[-2:] == ["0", "[]"], found.stderr


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_is_quick(words):
    def seconds():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = seconds()
    assert program(*words).returncode == 0
    # CPU time: a busy machine does not fail the test.
    assert seconds() - before < 0.5


def test_help_lists_every_command_with_a_whole_sentence():
    stdout, _ = run("--help")
    for name in root.COMMANDS:
        assert f"\n  {name} " in stdout
    assert "..." not in stdout.partition("Commands:")[2]


def test_every_command_has_its_name_and_takes_json_and_debug():
    commands = {name: cli.get_command(click.Context(cli), name) for name in root.COMMANDS}
    group = commands.pop("bench")
    benchmarks = {name: group.get_command(click.Context(group), name) for name in bench.COMMANDS}
    for name, command in [*commands.items(), *benchmarks.items()]:
        assert command.name == name
        assert {"json", "debug"} <= {option.name for option in command.params}


def test_version():
    assert run("--version")[0] == f"warp2hdl, version {__version__}\n"


def test_unknown_command_is_a_usage_error():
    assert fails("simulate") == "No such command 'simulate'."


def test_usage_error_is_one_json_object():
    found = program("cosim", "somewhere", "--vectors", "some", "--json")
    assert found.returncode == 2
    error = json.loads(found.stdout)["error"]
    assert error == {
        "type": "BadParameter",
        "message": "Invalid value for '--vectors': 'some' is not one of 'test', 'random'.",
    }


def raising(monkeypatch, error):
    def load(path):
        raise error

    monkeypatch.setattr(optimize, "load_circuit", load)
    return ["optimize", "x", "--out", "y"]


def test_bug_is_one_sentence_and_a_traceback_on_demand(monkeypatch):
    words = raising(monkeypatch, ZeroDivisionError("by zero"))
    expected = "warp2hdl failed unexpectedly (ZeroDivisionError: by zero); please report what --debug shows."
    assert fails(*words, code=3) == expected
    _, stderr = run(*words, "--debug", code=3)
    assert "Traceback (most recent call last)" in stderr and stderr.endswith(f"Error: {expected}\n")


def test_expected_error_shows_its_traceback_on_demand_alone(monkeypatch):
    words = raising(monkeypatch, DataError("rows.csv is odd; mend it."))
    assert run(*words, code=2)[1] == "Error: rows.csv is odd; mend it.\n"
    assert "Traceback" in run(*words, "--debug", code=2)[1]


def test_tool_error_shows_command_and_output_on_demand(monkeypatch):
    words = raising(monkeypatch, ToolError("yosys failed.", command=["yosys", "-q"], output="no such cell"))
    assert fails(*words, code=3) == "yosys failed."
    assert "$ yosys -q\nno such cell\n" in run(*words, "--debug", code=3)[1]


def test_unreadable_file_is_the_users_fault(monkeypatch):
    words = raising(monkeypatch, PermissionError(13, "Permission denied", "secret"))
    assert fails(*words) == "secret cannot be used: Permission denied; check the path and its permissions."


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_leaves_nothing_behind(tmp_path, number, code):
    config = tiny_config(tmp_path, nodes=4000, arity=6)
    config.write_text(config.read_text().replace("epochs = 1", "epochs = 100000"))
    out = tmp_path / "there" / "run"
    child = subprocess.Popen(
        [sys.executable, "-m", "warp2hdl", "train", "--config", config, "--out", out, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, SIGINT is ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not child.stderr.readline().startswith("training on"):
        assert child.poll() is None
    assert list(out.parent.iterdir())
    child.send_signal(number)
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == code
    assert "Traceback" not in stderr
    assert not out.parent.exists()
    if number == signal.SIGINT:
        assert json.loads(stdout)["error"]["type"] == "Interrupted"
        assert stderr.endswith("Error: interrupted; nothing was left behind.\n")
