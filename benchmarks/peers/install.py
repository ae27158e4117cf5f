"""Makes an environment with the peers in it, torchlogix and difflogic, beside this environment's own torch.

python -m benchmarks.peers.install FOLDER

Nothing else is installed: torch, the same build for all that is compared, is read from where this interpreter has it.
difflogic's CUDA extension is not built; its Python implementation does without.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

BUILD = ("setuptools>=77", "wheel")
PEERS = ("torchlogix==0.2.2", "difflogic==0.1.0")

# difflogic's setup.py asks torch for an extension in CUDA; this `torch` answers it with one that is never built.
NO_EXTENSION = """
from setuptools import Extension
from setuptools.command.build_ext import build_ext


def CUDAExtension(name, sources, **options):
    return Extension(name, [])


class BuildExtension(build_ext):
    def run(self):
        pass
"""


def install(folder: Path) -> Path:
    """Makes the environment and returns its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *BUILD], check=True)
    with tempfile.TemporaryDirectory() as stand_in:
        package = Path(stand_in, "torch", "utils")
        package.mkdir(parents=True)
        (package / "cpp_extension.py").write_text(NO_EXTENSION, encoding="utf-8")
        # Without the cache: the wheel made here lacks the extension and must not serve anybody else.
        words = ["--no-cache-dir", "--no-deps", "--no-build-isolation", "--no-binary", "difflogic", *PEERS]
        subprocess.run([*pip, *words], env=os.environ | {"PYTHONPATH": stand_in}, check=True)
    (own,) = (folder / "lib").glob("python3.*/site-packages")
    (own / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    print(install(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
