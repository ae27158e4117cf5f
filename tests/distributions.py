"""Builds the project's wheel and source distribution away from the checkout, and lists what a wheel should hold."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
FOLDERS = {
    "warp2hdl": "warp2hdl",
    "kernels": "warp2hdl/kernels",
    "rtl_templates": "warp2hdl/rtl_templates",
    "sim": "warp2hdl/sim",
}
"""The checkout's folders that hold packages, and where a wheel has them."""

_BESIDES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "requirements.lock")
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.pyc")


def packages(tree: Path) -> set[str]:
    """Dotted names of all folders with an `__init__.py`."""
    return {
        ".".join((*shipped.split("/"), *found.parent.relative_to(tree / folder).parts))
        for folder, shipped in FOLDERS.items()
        for found in (tree / folder).rglob("__init__.py")
    }


def package_files(tree: Path) -> set[str]:
    """The files a wheel should hold, as named in it."""
    return {
        f"{shipped}/{path.relative_to(tree / folder).as_posix()}"
        for folder, shipped in FOLDERS.items()
        for path in (tree / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def copy_sources(to: Path) -> Path:
    """Copies the checkout: building leaves files beside the sources, and finds those of earlier builds there."""
    to.mkdir()
    for name in (*FOLDERS, "benchmarks", "docs", "tests"):
        shutil.copytree(TREE / name, to / name, ignore=_LEFT_BEHIND)
    for name in (
        "pyproject.toml",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "requirements.lock",
    ):
        shutil.copy(TREE / name, to)
    return to


def build_sdist(sources: Path, out: Path) -> Path:
    """Builds the source distribution of a copied checkout into a new folder."""
    out.mkdir()
    _run([sys.executable, "-c", f"from setuptools import build_meta; build_meta.build_sdist({str(out)!r})"], sources)
    (sdist,) = out.iterdir()
    return sdist


def build_wheel(source: Path, out: Path) -> Path:
    """Builds the wheel of a copied checkout or of a source distribution into a new folder, without a network."""
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    _run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(out), str(source)], TREE.parent)
    (wheel,) = out.iterdir()
    return wheel


def _run(command: list[str], folder: Path) -> None:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def names_in(wheel: Path) -> set[str]:
    """The files of a wheel without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def top_level(names: Iterable[str]) -> set[str]:
    """The top-level modules and packages of a wheel's files."""
    return {name.split("/")[0] for name in names}
