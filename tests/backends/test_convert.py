import errno
import gc
import importlib.util
import tempfile

import numpy as np
import pytest

from tests.circuits import random_circuit
from warp2hdl.backends import convert
from warp2hdl.backends.pipeline import Top
from warp2hdl.errors import OutputError, ToolError, ToolNotFoundError, ToolTimeoutError


def top(**options):
    circuit = random_circuit(
        np.random.default_rng(0), features=4, feature_bits=4, layers=[(12, 3), (14, 2)], classes=2, name="net"
    )
    return Top(circuit, **({"interface": "stream", "levels_per_stage": 1, "with_scores": True} | options))


def test_one_module_a_block_from_the_top_down():
    design = convert.to_rtlil(top(), "net")
    names = ["net", "net_encoder", "net_layer_1", "net_layer_2", "net_popcount_0"]
    assert list(design.comments)[:5] == names
    assert list(design.comments)[-1] == "net_argmax"
    assert all(design.comments.values())
    assert [line.split()[1] for line in design.text.splitlines() if line.startswith("module ")] == [
        "\\" + name for name in design.comments
    ]
    assert gc.isenabled()


def test_only_the_valid_bits_have_a_start_value_and_a_reset():
    verilog = convert.to_verilog(convert.to_rtlil(top(), "net").text)
    assert [line.split()[2] for line in verilog.splitlines() if line.strip().startswith("reg") and "=" in line] == [
        "valid"
    ]
    assert verilog.count(" rst ?") == 1


def test_yosys_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolNotFoundError, match="pyosys and not found; pip install pyosys") as error:
        convert.to_verilog("")
    assert error.value.exit_code == 3


def test_yosys_fails():
    with pytest.raises(ToolError, match=r"Yosys \(pyosys\) ended with status -?\d+: .*please report this") as error:
        convert.to_verilog("module \\broken\n  what is this\nend\n")
    assert "ERROR" in error.value.output
    assert error.value.command[-2:] == ("in.il", "out.v")


def test_no_space_for_temporary_files(monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(OutputError, match="No space left on device; free some space or set TMPDIR"):
        convert.to_verilog("")


def test_yosys_takes_too_long():
    with pytest.raises(ToolTimeoutError, match=r"did not write the Verilog within 0\.001 s"):
        convert.to_verilog("", timeout_seconds=0.001)
