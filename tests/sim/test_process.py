import os
import sys
import time

import pytest

from warp2hdl.errors import ToolError, ToolTimeoutError
from warp2hdl.sim.process import run_tool


def run(tmp_path, code, **options):
    options = {"timeout_seconds": 60, **options}
    return run_tool("the tool", [sys.executable, "-c", code], env=os.environ, folder=tmp_path, **options)


def test_output_of_both_streams_is_returned_and_kept(tmp_path):
    assert run(tmp_path, "import sys; print('one', flush=True); print('two', file=sys.stderr)") == "one\ntwo\n"
    assert (tmp_path / "the-tool.log").read_text() == "one\ntwo\n"


def test_a_failure_names_the_telling_line_and_carries_the_end_of_the_output(tmp_path):
    code = "print('x' * 9000); print('%Error: bad port'); print('more'); raise SystemExit(7)"
    with pytest.raises(ToolError, match=r"^the tool failed with exit code 7: %Error: bad port$") as caught:
        run(tmp_path, code)
    assert caught.value.output.endswith("%Error: bad port\nmore\n")
    assert len(caught.value.output) <= 4000
    assert caught.value.command[0] == sys.executable


def test_a_hanging_tool_is_stopped_with_its_children(tmp_path):
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"^the tool was stopped after 2 seconds; allow more time") as caught:
        run(tmp_path, code, timeout_seconds=2)
    assert time.monotonic() - started < 20
    grandchild = int(caught.value.output)
    deadline = time.monotonic() + 5
    while _alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(grandchild)


def _alive(pid):
    try:
        state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]  # noqa: PTH123, SIM115
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_tool_that_is_not_there(tmp_path):
    with pytest.raises(ToolError, match="the tool cannot be started"):
        run_tool("the tool", [str(tmp_path / "no")], env={}, folder=tmp_path, timeout_seconds=1)


def test_poll_is_called_while_the_tool_runs(tmp_path):
    calls = []
    run(tmp_path, "import time; time.sleep(0.4)", poll=lambda: calls.append(1))
    assert len(calls) > 1
