"""The built wheel, alone: in a new virtual environment, in an empty folder, with the sources out of reach."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.distributions import TREE, build_sdist, build_wheel, copy_sources

DEPENDENCIES = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}


class Installed:
    """A virtual environment that holds the wheel, and an empty folder to work in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder / "env", with_pip=False)
        self.python = folder / "env" / "bin" / "python"
        self.folder = folder / "work"
        self.folder.mkdir()
        install = ["pip", "--python", str(self.python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
        subprocess.run([sys.executable, "-m", *install], check=True, cwd=folder)
        where = self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        self.site_packages = Path(where.stdout.strip())
        # A folder that a .pth file names is searched; its own .pth files, such as an editable install's, are not read.
        (self.site_packages / "dependencies.pth").write_text("\n".join(sorted(DEPENDENCIES)) + "\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
        command = [str(self.python), *arguments]
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert run.returncode == 0, f"{arguments}\n{run.stdout}\n{run.stderr}"
        return run

    def warp2hdl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.python.parent / "warp2hdl"), *arguments)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    sdist = build_sdist(copy_sources(folder / "sources"), folder / "sdist")
    return Installed(folder, build_wheel(sdist, folder / "wheel"))


def test_all_parts_come_from_the_wheel(installed):
    parts = ("warp2hdl", "warp2hdl.kernels", "warp2hdl.rtl_templates", "warp2hdl.sim", "warp2hdl.cli")
    program = (
        f"import importlib, sys; print(*(importlib.import_module(n).__file__ for n in {parts!r}), *sys.path, sep='\\n')"
    )
    lines = installed.run("-c", program).stdout.splitlines()
    files, path = lines[: len(parts)], lines[len(parts) :]
    assert all(Path(file).is_relative_to(installed.site_packages) for file in files)
    assert str(TREE) not in path


def test_help(installed):
    text = installed.warp2hdl("--help").stdout
    for command in ("train", "evaluate", "emit-verilog", "cosim", "predict"):
        assert command in text


def test_from_data_to_a_circuit_that_equals_it(installed):
    train = json.loads(installed.warp2hdl("train", "digits", "--epochs", "1", "--out", "run", "--json").stdout)
    assert train["test_accuracy_hard"] == train["test_accuracy_circuit"]
    emitted = json.loads(installed.warp2hdl("emit-verilog", "run", "--out", "rtl", "--json").stdout)
    assert Path(installed.folder, "rtl", "manifest.json").is_file()
    assert emitted["initiation_interval"] == 1
    cosim = json.loads(installed.warp2hdl("cosim", "rtl", "--json").stdout)
    assert cosim["mismatches"] == 0
    assert cosim["vectors"] == 360
    assert cosim["accuracy"] == pytest.approx(train["test_accuracy_circuit"])
