"""What the documents show works: the Python runs, and the commands and options exist."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from tests.distributions import TREE
from warp2hdl.cli.root import cli
from warp2hdl.config import TrainConfig

DOCUMENTS = [TREE / "README.md", TREE / "CONTRIBUTING.md", *sorted((TREE / "docs").glob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def command_lines() -> list[str]:
    lines = [line for document in DOCUMENTS for block in blocks(document, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("warp2hdl ")]


@pytest.mark.parametrize("line", command_lines())
def test_a_command_that_is_shown_parses(line):
    _, name, *arguments = shlex.split(line, comments=True)
    command = cli.get_command(click.Context(cli), name)
    if isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.get_command(click.Context(command), name)
    assert command is not None
    command.make_context(name, arguments)  # raises UsageError on an unknown option or a missing argument


def test_there_are_commands_to_check():
    assert {shlex.split(line)[1] for line in command_lines()} >= {"train", "emit-verilog", "cosim", "predict"}


@pytest.mark.parametrize("name", ["README.md", "docs/data.md", "docs/layers.md", "docs/convolution.md"])
def test_python_that_is_shown_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(TREE / name, "python"):
        exec(compile(block, name, "exec"), {})
    assert name != "README.md" or (tmp_path / "digits-verilog" / "manifest.json").is_file()


def test_settings_that_are_shown_are_all_the_settings_with_their_defaults():
    (text,) = blocks(TREE / "docs" / "training.md", "toml")
    shown = TrainConfig.from_dict(tomllib.loads(text))
    assert shown == TrainConfig()
    assert tomllib.loads(text) == tomllib.loads(shown.toml())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_make_targets_that_are_shown_exist():
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    shown = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):.*## ", (TREE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "venv"} <= shown <= targets | {"help"}
