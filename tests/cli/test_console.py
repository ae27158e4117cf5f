"""Lines, quoting and progress for people."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from warp2hdl.cli import console


def test_names_line_up_and_nothing_is_taken_for_markup(capsys):
    console.show_facts(data="a [bold]name[/] :smile:", circuit="x" * 200)
    assert capsys.readouterr().err == f"data       a [bold]name[/] :smile:\ncircuit    {'x' * 200}\n"


def test_commands_can_be_pasted():
    assert console.command_line("cosim", Path("my run")) == "warp2hdl cosim 'my run'"


@pytest.mark.parametrize(("count", "text"), [(0, "0 bits"), (1, "1 bit"), (2, "2 bits")])
def test_one_is_one(count, text):
    assert console.counted(count, "bit") == text


def test_files_are_listed_below_their_folder():
    names = [f"file-{i:02}.safetensors" for i in (2, 1, 3, 4, 5)]
    assert console.listed(Path("run"), names).splitlines() == [
        "run/",
        f"{'':11}{', '.join(sorted(names)[:4])},",
        f"{'':11}{', '.join(sorted(names)[4:])}",
    ]


def test_lines_come_at_the_start_and_now_and_then(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with console.progress("training") as shown:
        for step in range(40):
            now[0] += 1
            shown.update(step, 40, "epoch 1")
        shown.rename("lowering")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training ...",
        "training: 9 of 40, epoch 1",
        "training: 19 of 40, epoch 1",
        "training: 29 of 40, epoch 1",
        "training: 39 of 40, epoch 1",
        "lowering ...",
    ]


def test_bar_on_a_terminal_goes_away(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(console, "console", lambda: Console(file=text, force_terminal=True, width=100))
    with console.progress("training") as shown:
        shown.update(3, 4, "epoch 2")
        shown.rename("lowering")
    assert "lowering" in text.getvalue() and "75%" in text.getvalue() and "epoch 2" in text.getvalue()
    assert text.getvalue().endswith("\x1b[1A\x1b[2K")
