"""What is shipped: all packages, under `warp2hdl` alone, with what they depend on pinned."""

import tomllib
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import warp2hdl
from tests.distributions import (
    FOLDERS,
    TREE,
    build_wheel,
    copy_sources,
    names_in,
    package_files,
    packages,
    top_level,
)

PROJECT = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    sources = copy_sources(folder / "sources")
    (sources / "warp2hdl" / "extra").mkdir()
    (sources / "warp2hdl" / "extra" / "__init__.py").touch()
    return build_wheel(sources, folder / "out")


def test_the_listed_packages_are_those_of_the_tree():
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert listed == sorted(packages(TREE))


def test_a_package_that_is_not_listed_is_noticed(tmp_path):
    for folder in ("warp2hdl/extra/deep", "sim/extra"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").touch()
    unlisted = packages(tmp_path) - set(PROJECT["tool"]["setuptools"]["packages"])
    assert unlisted == {"warp2hdl.extra.deep", "warp2hdl.sim.extra"}


def test_packages_beside_the_main_one_are_mapped_into_it():
    assert PROJECT["tool"]["setuptools"]["package-dir"] == {
        shipped.replace("/", "."): folder for folder, shipped in FOLDERS.items()
    }


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    names = names_in(wheel)
    assert names == package_files(TREE)
    assert "warp2hdl/py.typed" in names
    assert "warp2hdl/extra/__init__.py" not in names  # only what is listed is shipped


def test_the_wheel_has_no_top_level_kernels_or_sim(wheel):
    assert top_level(names_in(wheel)) == {"warp2hdl"}


def test_version_licence_and_command_are_in_the_metadata(wheel):
    info = f"warp2hdl-{warp2hdl.__version__}.dist-info"
    with ZipFile(wheel) as archive:
        metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert metadata["Version"] == warp2hdl.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "warp2hdl = warp2hdl.cli:main" in entry_points


def locked() -> dict[str, str]:
    lines = (TREE / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def test_the_lock_file_pins_what_the_project_asks_for():
    project, build = PROJECT["project"], PROJECT["build-system"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"], *build["requires"]]
    pins = locked()
    for requirement in map(Requirement, wanted):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement
