"""Descriptions of training data in a circuit's metadata."""

from pathlib import Path

import numpy as np
import pytest

from warp2hdl.cli.datasets import Source, load_samples, schema_of, source_from_json, source_of
from warp2hdl.data import ArraySchema, load
from warp2hdl.errors import ConfigError, FormatError

SCHEMA = ArraySchema(("a", "b"), ("x",))


def test_source_survives_json(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,2\n")
    source = source_of(str(file), data=None, target="b", categorical=("a",), split_seed=3)
    assert source_from_json(source.to_json()) == source
    assert source.source == "t.csv" and source.path is None and source.is_file(file)
    file.write_text("a,b\n1,3\n")
    assert not source.is_file(file)


def test_relative_places_alone_are_kept():
    described = {"target": None, "categorical": (), "split_seed": 0}
    assert source_of("mnist", data=Path("data/mnist"), **described).path == "data/mnist"
    assert source_of("mnist", data=Path("/data/mnist"), **described).path is None
    assert source_of("digits", data=None, **described) == Source("digits")
    assert source_of("monk-1", data=Path("uci"), **described) == Source("monk-1", path="uci")


@pytest.mark.parametrize(
    "described",
    [[], "digits", {}, Source("digits").to_json() | {"split_seed": "0"}, Source("digits").to_json() | {"more": 1}],
)
def test_damaged_description_is_refused(described):
    with pytest.raises(FormatError, match=r"^the description of the training data is damaged; train again\.$"):
        source_from_json(described)


def test_circuit_without_description_needs_data():
    with pytest.raises(ConfigError, match=r"^the circuit does not tell what it was trained on; give --data PATH\.$"):
        load_samples({}, SCHEMA, None, None)


def test_a_data_set_is_found_in_its_folder_again(tmp_path, monkeypatch):
    for name, rows in (("train", 124), ("test", 432)):
        lines = [f" {i % 2} 1 {1 + i % 3} 1 1 1 {1 + i % 2} data_{i}" for i in range(rows)]
        (tmp_path / f"monks-1.{name}").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path.parent)
    described = {"target": None, "categorical": (), "split_seed": 0}
    info = {"dataset": source_of("monk-1", data=Path(tmp_path.name), **described).to_json()}
    trained_on = load("monk-1", data=tmp_path)
    for data in (None, tmp_path):
        found = load_samples(info, trained_on.schema, data, None)
        assert (found.split, found.source, len(found.labels)) == ("test", "monk-1", 432)
        assert np.array_equal(found.x, trained_on.x_test)


def test_schema_is_the_recorded_one_or_plain_features():
    assert schema_of({}, ("a", "b"), ("x",)) == SCHEMA
    assert schema_of({"data": SCHEMA.to_json()}, ("c",), ()) == SCHEMA
