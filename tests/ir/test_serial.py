import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.circuits import random_circuit
from warp2hdl.errors import DataError, FormatError, OutputError, VerifyError
from warp2hdl.ir import Circuit, load, save


@pytest.fixture
def circuit() -> Circuit:
    made = random_circuit(np.random.default_rng(1), features=2, feature_bits=5, layers=[(6, (2, 6))], classes=2)
    info = {"accuracy": {"test": 0.97}, "data": {"kind": "array"}, "names": ["é", None]}
    return replace(made, metadata=replace(made.metadata, info=info))


def parts(path: Path) -> tuple[dict, dict]:
    """Header and arrays of a file."""
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["circuit"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def write(path: Path, header: object, arrays: dict) -> None:
    save_file(arrays, path, metadata={"circuit": json.dumps(header)})


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), skips=st.booleans())
def test_a_circuit_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, seed: int, skips: bool) -> None:
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, features=3, feature_bits=9, layers=[(5, (0, 3, 6))], classes=2, skips=skips)
    path = tmp_path_factory.mktemp("circuit") / "c.safetensors"
    save(circuit, path)
    again = load(path)
    for name, array in circuit.arrays().items():
        found = again.arrays()[name]
        assert found.dtype == array.dtype and np.array_equal(found, array), name
    assert again.sha256 == circuit.sha256
    assert again.metadata == circuit.metadata


def test_the_same_circuit_gives_the_same_bytes(circuit: Circuit, tmp_path: Path) -> None:
    save(circuit, tmp_path / "a")
    save(load(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert load(tmp_path / "b").metadata.info == circuit.metadata.info


def test_an_invalid_circuit_is_not_written(circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("old")
    with pytest.raises(VerifyError):
        save(replace(circuit, metadata=replace(circuit.metadata, name="")), path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("odd", [float("nan"), object(), np.float32(1)])
def test_metadata_that_is_not_json_is_refused(circuit: Circuit, tmp_path: Path, odd: object) -> None:
    with pytest.raises(FormatError, match="cannot be written as JSON"):
        save(replace(circuit, metadata=replace(circuit.metadata, info={"odd": odd})), tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_saving_to_a_folder_says_so(circuit: Circuit, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        save(circuit, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(DataError, match=f"{path} is not a file") as caught:
            load(path)
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_a_truncated_file_is_damaged(circuit: Circuit, tmp_path: Path, share: float) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FormatError, match=f"{path} is damaged"):
        load(path)


def test_any_changed_byte_of_the_arrays_is_found(circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    content = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    for at in np.random.default_rng(0).integers(start, len(content), 20):
        changed = content.copy()
        changed[at] ^= 4
        path.write_bytes(changed)
        with pytest.raises(FormatError, match="SHA-256"):
            load(path)


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"circuit": "[1]"}, {"circuit": '{"schema": 3}'}])
def test_foreign_safetensors_are_refused(tmp_path: Path, metadata: dict | None) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, path, metadata=metadata)
    with pytest.raises(FormatError, match="is not a warp2hdl circuit"):
        load(path)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(b"\x80\x04K\x01." * 10)
    with pytest.raises(FormatError, match="is damaged or not a safetensors file"):
        load(path)


def test_a_newer_schema_asks_for_an_upgrade(circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    header, arrays = parts(path)
    write(path, header | {"schema": "warp2hdl.circuit/2"}, arrays)
    with pytest.raises(FormatError, match=r"newer schema warp2hdl.circuit/2; upgrade"):
        load(path)


def test_missing_extra_and_mistyped_arrays_are_named(circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    header, arrays = parts(path)
    for changed, text in (
        ({k: v for k, v in arrays.items() if k != "groups.bias"}, r"missing or unknown .groups.bias"),
        (arrays | {"extra": np.zeros(1)}, r"missing or unknown .extra"),
        (arrays | {"network.fanins": arrays["network.fanins"].astype(np.int64)}, "network.fanins is int64"),
        (arrays | {"network.inputs": np.zeros(2, np.int64)}, "network.inputs has 2 entries"),
    ):
        write(path, header, changed)
        with pytest.raises(FormatError, match=text):
            load(path)


@pytest.mark.parametrize(
    "change", [{"name": 3}, {"info": []}, {"class_names": "ab"}, {"feature_names": [1, 2]}, {"sha256": None}]
)
def test_mistyped_header_fields_are_damage(circuit: Circuit, tmp_path: Path, change: dict) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    header, arrays = parts(path)
    write(path, header | change, arrays)
    with pytest.raises(FormatError, match="header lacks a field or has one of a wrong type"):
        load(path)


def test_a_loaded_circuit_is_verified(circuit: Circuit, tmp_path: Path) -> None:
    path = tmp_path / "c"
    save(circuit, path)
    header, arrays = parts(path)
    write(path, header | {"name": "../../etc/x"}, arrays)
    with pytest.raises(VerifyError, match=f"{path}: .* is not a Verilog identifier"):
        load(path)
