import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.passes.cases import AND, OR, network
from warp2hdl.errors import ToolError, ToolNotFoundError, ToolTimeoutError
from warp2hdl.ir import LutNetwork
from warp2hdl.passes import abc_tool

CHAIN = network(4, [((0, 1), AND), ((2, 4), OR), ((3, 5), AND)], [6])


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Puts a shell script in the place of ABC."""

    def install(script: str) -> Path:
        path = tmp_path / "abc"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(abc_tool, "find_abc", lambda: path)
        return path

    return install


def test_a_chain_is_mapped_into_one_look_up() -> None:
    found = abc_tool.optimise(CHAIN, "if -a -K 6")
    assert found.arities.tolist() == [4]


def test_networks_without_inputs_or_outputs_are_left_alone() -> None:
    empty = LutNetwork(0, CHAIN.fanin_offsets[:1], CHAIN.fanins[:0], CHAIN.tables[:0], CHAIN.outputs[:0])
    assert abc_tool.optimise(empty, "if") is empty


def test_a_command_that_does_not_exist_is_reported() -> None:
    with pytest.raises(ToolError, match=r"ABC .*please report this") as caught:
        abc_tool.optimise(CHAIN, "no_such_command")
    assert "no_such_command" in caught.value.output


def test_a_wrong_answer_is_found(fake) -> None:
    fake("printf 'o0 = LUT 0x8 ( i0, i1 )\\n' > out.bench")
    with pytest.raises(ToolError, match="changed what output 0 computes"):
        abc_tool.optimise(CHAIN, "if")


def test_a_crash_is_reported(fake) -> None:
    fake("echo out of luck; exit 3")
    with pytest.raises(ToolError, match="status 3: out of luck"):
        abc_tool.optimise(CHAIN, "if")


def test_the_time_is_limited_and_children_end_too(fake, tmp_path) -> None:
    fake(f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(ToolTimeoutError, match="did not finish within 1 s"):
        abc_tool.optimise(CHAIN, "if", timeout_seconds=1)
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return
        time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("the child was left running")


def test_no_abc_is_said_with_the_remedy(monkeypatch) -> None:
    monkeypatch.setattr(abc_tool.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolNotFoundError, match="pip install pyosys"):
        abc_tool.find_abc()
