import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warp2hdl.data import NAMES, load
from warp2hdl.errors import ConfigError, DataError


def test_names_and_files_find_their_loaders(tmp_path: Path) -> None:
    assert NAMES[:4] == ("digits", "mnist", "mnist20x20", "fashion-mnist")
    assert NAMES[4:7] == ("cifar-10", "cifar-10-3-thresholds", "cifar-10-31-thresholds")
    assert NAMES[7:] == ("adult", "breast-cancer", "monk-1", "monk-2", "monk-3")
    assert load("digits", seed=2).name == "digits"
    csv = tmp_path / "t.csv"
    csv.write_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    assert load(csv, target="b").feature_names == ("a",)
    shouted = csv.rename(tmp_path / "T.CSV")
    assert load(shouted, target="b").feature_names == ("a",)
    npz = tmp_path / "t.npz"
    np.savez(npz, x_train=np.eye(20), y_train=np.arange(20) % 2, x_test=np.eye(20), y_test=np.arange(20) % 2)
    assert load(npz, val_fraction=0.5).x_val.shape == (10, 20)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "mnits",
            {},
            r"no data set 'mnits' \(did you mean 'mnist'\?\); give one of digits, mnist, .*, monk-3, or a .csv",
        ),
        ("monk1", {"data": "x"}, r"no data set 'monk1' \(did you mean 'monk-1'\?\)"),
        ("mnist", {}, "mnist is not built in; give --data FOLDER"),
        ("cifar-10-3-thresholds", {}, "cifar-10-3-thresholds is not built in; give --data FOLDER"),
        ("adult", {}, "adult is not built in; give --data FOLDER"),
        ("digits", {"data": "x"}, "--data is for data sets that come in a folder; leave it out for digits"),
        ("t.csv", {"data": "x"}, "--data is for data sets that come in a folder; leave it out for t.csv"),
        ("digits", {"target": "x"}, "--target and --categorical are for .csv files"),
        ("digits", {"val_fraction": 2}, "val_fraction is 2"),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(name, **options)


@pytest.mark.parametrize(
    ("name", "options"), [("none.csv", {"target": "a"}), ("none.npz", {}), ("mnist", {"data": "no"})]
)
def test_missing_files_are_named(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"none.csv|none.npz|no is not a folder"):
        load(name, **options)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, warp2hdl.data\n"
        "print([m for m in ('torch', 'sklearn', 'llvmlite', 'amaranth') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
