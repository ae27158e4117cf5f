"""difflogic's interface: its README's calls, and where its own class fails."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch

import warp2hdl
from tests.cli.running import python
from warp2hdl import ir
from warp2hdl.difflogic import CompiledLogicNet, GroupSum, LogicLayer, PackBitsTensor
from warp2hdl.errors import ConfigError, DataError, FormatError, LoweringError

BATCHES = (0, 1, 63, 64, 65, 511, 513)


def network(*widths, arity=2, classes=5):
    layers = [
        LogicLayer(before, after, arity, "difflogic" if arity == 2 else "walsh", initial="random", seed=after)
        for before, after in pairwise(widths)
    ]
    return torch.nn.Sequential(torch.nn.Flatten(), *layers, GroupSum(classes, tau=10)).eval()


def bits(batch, inputs, seed=0):
    return np.random.default_rng(seed).random((batch, inputs)) < 0.5


def expected(model, x):
    return (model(torch.from_numpy(np.ascontiguousarray(x))) * 10).round().int()


def test_the_readmes_example(tmp_path, capsys):
    model, data = network(20, 30, 30), bits(100, 20)
    compiled = CompiledLogicNet(model=model, num_bits=64, cpu_compiler="gcc", verbose=True)
    compiled.compile(save_lib_path=tmp_path / "my_model_binary.so", verbose=True)
    output = compiled(data)
    assert output.dtype == torch.int32 and torch.equal(output, expected(model, data))
    again = CompiledLogicNet.load(tmp_path / "my_model_binary.so", 5, 64)
    assert torch.equal(again.forward(data), output)
    assert (compiled.num_inputs, compiled.num_classes) == (20, 5)
    assert "60 nodes, 20 inputs, 5 classes" in capsys.readouterr().out


def test_the_names_stand_in_the_package_and_cost_nothing_before():
    assert warp2hdl.CompiledLogicNet is CompiledLogicNet and warp2hdl.PackBitsTensor is PackBitsTensor
    program = "import sys, warp2hdl; assert 'torch' not in sys.modules; from warp2hdl import GroupSum, LogicLayer"
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(AttributeError, match="no attribute 'LogicNet'"):
        warp2hdl.LogicNet  # noqa: B018


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", [network(20, 30), network(20, 40, 30), network(20, 35, 25, arity=4)])
def test_any_batch_and_any_depth(batch, model):
    x = bits(batch, 20)
    found = CompiledLogicNet(model)(x)
    assert found.shape == (batch, 5) and torch.equal(found, expected(model, x))
    assert torch.equal(found, model(PackBitsTensor(torch.from_numpy(x))))


def test_any_memory_layout_and_type():
    model = network(20, 30)
    compiled, x = CompiledLogicNet(model), bits(70, 20)
    found = compiled(x)
    wide = np.zeros((140, 40), bool)
    wide[::2, ::-2] = x
    for same in (x.astype(np.uint8) * 255, np.asfortranarray(x), wide[::2, ::-2], torch.from_numpy(x)):
        assert torch.equal(compiled(same), found)


def test_threads_may_share_it():
    model = network(20, 200, 100, classes=5)
    compiled = CompiledLogicNet(model)
    batches = [bits(300 + seed, 20, seed) for seed in range(16)]
    with ThreadPoolExecutor(4) as pool:
        for x, found in zip(batches, pool.map(compiled, batches), strict=True):
            assert torch.equal(found, expected(model, x))


def test_what_is_saved_is_a_circuit_and_stays_when_the_model_changes(tmp_path):
    model, x = network(20, 30), bits(70, 20)
    compiled = CompiledLogicNet(model)
    before = compiled(x)
    with torch.no_grad():
        model[1].weight.neg_()
    assert torch.equal(compiled(x), before)
    compiled.compile(save_lib_path=tmp_path / "net.so")
    circuit = ir.load(tmp_path / "net.so")
    assert ir.scores(circuit, x.astype(np.uint8)).tolist() == before.tolist()


def test_foreign_files_and_arguments_are_refused(tmp_path):
    (tmp_path / "net.so").write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(FormatError, match=r"net\.so is damaged or not a safetensors file"):
        CompiledLogicNet.load(tmp_path / "net.so", 10, 64)
    with pytest.raises(DataError, match="is not a file"):
        CompiledLogicNet.load(tmp_path / "none.so", 10, 64)
    model = network(20, 30)
    compiled = CompiledLogicNet(model)
    compiled.compile(save_lib_path=tmp_path / "net.so")
    with pytest.raises(ConfigError, match=r"num_classes is 10, but the network in .*net\.so has 5"):
        CompiledLogicNet.load(tmp_path / "net.so", 10, 64)
    for change, message in (
        ({"num_bits": 48}, "num_bits is 48; it must be one of 8, 16, 32, 64"),
        ({"cpu_compiler": "tcc"}, "cpu_compiler is 'tcc'; it must be one of gcc, clang"),
        ({"device": "tpu"}, "device is 'tpu'; it must be one of 'cpu', 'cuda'"),
    ):
        with pytest.raises(ConfigError, match=message):
            CompiledLogicNet(model, **change)
    with pytest.raises(ConfigError, match="opt_level is 9"):
        compiled.compile(opt_level=9)
    for x in (np.zeros((3, 20)), np.zeros((3, 19), bool), np.zeros(20, bool)):
        with pytest.raises(ConfigError, match=r"this network takes bool \[batch, 20\]"):
            compiled(x)
    with pytest.raises(LoweringError, match="the last layer is no GroupSum"):
        CompiledLogicNet(model[:-1])


def test_c_code_stands_alone(tmp_path):
    (tmp_path / "net.c").write_text(CompiledLogicNet(network(20, 30)).get_c_code())
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-DWARP2HDL_SELF_TEST"]
    subprocess.run(["gcc", *flags, "net.c", "-o", "net"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "net"], capture_output=True, text=True, check=True)
    assert done.stdout == "logic_net: 70 vectors, 0 mismatches\n"
