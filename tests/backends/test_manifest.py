import dataclasses
import json

import pytest

from warp2hdl.backends.manifest import FILE_NAME, Feature, Manifest, Port, hash_file
from warp2hdl.errors import FormatError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.v").write_text("module net; endmodule\n")
    manifest = Manifest(
        generator="warp2hdl 0", top="net", verilog=("net.v",), interface="stream", target="generic", clock="clk",
        reset="rst", ports=(Port("clk", "input", 1, "clock"),), features=(Feature("größe", 8, 0, 0.5, -1.0),),
        classes=("no", "yes"), class_bits=1, score_bits=3, scores=True, latency_cycles=4, registers=9,
        initiation_interval=1, levels_per_stage=1, contains=("encoder", "argmax"), nodes=2,
        nodes_by_arity={"2": 2}, depth=1, comparators=3, lookups={"encoder": 3, "fabric": 2, "argmax": 1},
        accuracy={"test": 0.5}, circuit_sha256="0" * 64, files={"net.v": hash_file(tmp_path / "net.v")},
    )  # fmt: skip
    manifest.write(tmp_path)
    return tmp_path


def change(folder, **values):
    path = folder / FILE_NAME
    raw = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in raw.items() if value != "absent"}))


def test_round_trip(folder):
    manifest = Manifest.read(folder)
    assert manifest.features == (Feature("größe", 8, 0, 0.5, -1.0),)
    assert manifest.to_json() == (folder / FILE_NAME).read_text()
    assert json.loads(manifest.to_json())["schema"] == "warp2hdl.manifest/1"
    raw = change(folder, clock=None, reset=None)
    assert raw is None and Manifest.read(folder) == dataclasses.replace(manifest, clock=None, reset=None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schema": "other/1"}, "is not a manifest of warp2hdl; give a folder"),
        ({"schema": 3}, "is not a manifest of warp2hdl"),
        ({"schema": "warp2hdl.manifest/2"}, "has the schema warp2hdl.manifest/2, .* upgrade warp2hdl"),
        ({"top": "absent"}, "lacks the field 'top'; emit the folder again"),
        ({"top": 3}, r"has a bad value in 'top' \(3 is no str\)"),
        ({"nodes": True}, "has a bad value in 'nodes'"),
        ({"classes": [1]}, "has a bad value in 'classes'"),
        ({"classes": "ab"}, "has a bad value in 'classes'"),
        ({"ports": [{"name": "clk"}]}, "has a bad value in 'ports'"),
        ({"ports": [7]}, "has a bad value in 'ports'"),
        ({"files": []}, "has a bad value in 'files'"),
        ({"verilog": ["other.v"]}, "has no hash of 'other.v'"),
        ({"files": {"net.v": "0", "../x": "1"}}, "net.v was changed after it was emitted"),
    ],
)
def test_damaged_or_foreign(folder, values, message):
    change(folder, **values)
    with pytest.raises(FormatError, match=message):
        Manifest.read(folder)


def test_no_json_and_no_file(folder):
    (folder / FILE_NAME).write_text('{"schema": "warp2h')
    with pytest.raises(FormatError, match="cannot be read"):
        Manifest.read(folder)
    (folder / FILE_NAME).write_text("[]")
    with pytest.raises(FormatError, match="is not a manifest"):
        Manifest.read(folder)
    (folder / FILE_NAME).unlink()
    with pytest.raises(FormatError, match="does not exist; give a folder that"):
        Manifest.read(folder)


def test_files_are_checked(folder):
    change(folder, files=json.loads((folder / FILE_NAME).read_text())["files"] | {"../net.v": "0"})
    with pytest.raises(FormatError, match="is missing though"):
        Manifest.read(folder)
    (folder / "net.v").write_text("module net; wire a; endmodule\n")
    with pytest.raises(FormatError, match=r"net.v was changed after it was emitted; emit the folder again"):
        Manifest.read(folder)
    assert Manifest.read(folder, check_files=False).top == "net"
