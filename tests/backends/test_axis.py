import json
import re

import pytest

from tests.backends.test_verilog import make
from tests.yosys_run import run_yosys
from warp2hdl.backends.manifest import Axis, Manifest
from warp2hdl.backends.verilog import convert, emit
from warp2hdl.errors import BackendError, FormatError


def test_the_circuit_is_that_of_the_stream_interface(tmp_path):
    stream = emit(make(), tmp_path / "stream")
    axis = emit(make(), tmp_path / "axis", interface="axis", bus_bits=16)
    assert axis.verilog == ("net.v", "net_axis.v")
    assert axis.files["net.v"] == stream.files["net.v"]
    assert axis.circuit_sha256 == stream.circuit_sha256
    texts = [(tmp_path / "axis" / name).read_text() for name in axis.verilog]
    assert "".join(texts) == convert(make(), interface="axis", bus_bits=16)


def test_the_manifest_describes_the_wrapper(tmp_path):
    stream = emit(make(), tmp_path / "stream")
    manifest = emit(make(), tmp_path / "axis", interface="axis", bus_bits=24)
    assert Manifest.read(tmp_path / "axis") == manifest
    assert (manifest.top, manifest.interface, manifest.clock, manifest.reset) == (
        "net_axis", "axis", "aclk", "aresetn"
    )  # fmt: skip
    assert manifest.axis == Axis("net", 24, 2, 8)  # 32 bits of features
    assert (manifest.latency_cycles, manifest.initiation_interval) == (stream.latency_cycles + 3, 2)
    ports = {port.name: (port.direction, port.width) for port in manifest.ports}
    assert ports["s_axis_tdata"] == ("input", 24)
    assert ports["m_axis_tdata"] == ("output", 8 + 16)  # 2 bits of class, 3 scores of 3 bits
    text = (tmp_path / "axis" / "net_axis.v").read_text()
    assert text.startswith("// net_axis: net between two AXI4-Streams")
    assert all(f"// {port.name} " in text for port in manifest.ports)
    assert "wrapper" in manifest.contains


def test_without_scores_a_result_is_the_class(tmp_path):
    manifest = emit(make(), tmp_path, interface="axis", with_scores=False)
    assert {port.name: port.width for port in manifest.ports}["m_axis_tdata"] == 8
    assert manifest.axis == Axis("net", 64, 1, 8)


@pytest.mark.parametrize("bits", [0, 4, 12, -8])
def test_a_bus_is_of_whole_bytes(bits, tmp_path):
    with pytest.raises(BackendError, match=rf"^--bus-bits is {bits}; it must be a multiple of 8\.$"):
        emit(make(), tmp_path / "out", interface="axis", bus_bits=bits)
    assert not (tmp_path / "out").exists()


def test_a_manifest_without_the_field_is_of_another_interface(tmp_path):
    emit(make(), tmp_path)
    path = tmp_path / "manifest.json"
    raw = json.loads(path.read_text())
    del raw["axis"]
    path.write_text(json.dumps(raw))
    assert Manifest.read(tmp_path).axis is None
    path.write_text(json.dumps(raw | {"axis": {"core": "net"}}))
    with pytest.raises(FormatError, match="has a bad value in 'axis'"):
        Manifest.read(tmp_path)


def test_words_that_nothing_reads_cost_no_flip_flop(tmp_path):
    circuit = make(features=64, feature_bits=8, layers=[(6, 2)], encoder_bits=6)
    manifest = emit(circuit, tmp_path, interface="axis", with_scores=False)
    assert manifest.initiation_interval == 8
    commands = ["read_verilog net.v net_axis.v", "hierarchy -top net_axis", "proc", "flatten", "opt_clean", "memory"]
    output = run_yosys([*commands, "simplemap", "opt_clean", "select -count w:words %ci1 t:$_DFF* %i"], tmp_path)
    # The parts of the sample's register have an enable each; at most six features of 8 bits are read.
    found = re.findall(r"(\d+) objects", output)
    assert 0 < int(found[-1]) <= 6 * 8
