"""Imports run one way, and behind `lower` nothing loads torch, triton or llvmlite."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.import_order import imports, module_files, order_violations, reached

TREE = Path(__file__).resolve().parents[1]
TRAINING = ("torch", "triton", "llvmlite")
FREE_OF_TRAINING = (
    "errors", "config", "files", "presets", "rtl_templates", "data", "encode",
    "ir", "passes", "backends", "sim", "report",
)  # fmt: skip
# What `train` does once it has its data; the command itself imports it when it runs.
LOADS_TORCH = ("warp2hdl.cli.run_folder", "warp2hdl.cli.train_step")
NEEDS_TORCH = (
    *LOADS_TORCH,
    "warp2hdl.cli.train",
    "warp2hdl.cli.fine_tuning",
    "warp2hdl.cli.evaluate",
    "warp2hdl.cli.bench_train",
)


def modules_of(*parts: str) -> list[str]:
    return [name for name in module_files(TREE) if name.split(".")[1:2] and name.split(".")[1] in parts]


def write(tree: Path, files: dict[str, str]) -> Path:
    """A made-up checkout."""
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


class TestThisTree:
    def test_imports_run_one_way(self):
        assert order_violations(TREE) == []

    def test_every_part_is_read(self):
        names = module_files(TREE)
        for expected in (
            "warp2hdl",
            "warp2hdl.errors",
            "warp2hdl.ir.circuit",
            "warp2hdl.kernels",
            "warp2hdl.sim.runner",
        ):
            assert expected in names
        assert any(found.target == "torch" and found.module.startswith("warp2hdl.nn") for found in imports(TREE))

    @pytest.mark.parametrize("module", modules_of(*FREE_OF_TRAINING))
    def test_nothing_behind_lower_names_torch(self, module):
        assert reached(TREE, module, TRAINING) is None

    @pytest.mark.parametrize("module", modules_of("cli"))
    def test_commands_name_torch_only_where_they_train_or_read_a_model(self, module):
        assert module in LOADS_TORCH or reached(TREE, module, TRAINING, on_load=True) is None
        assert module in NEEDS_TORCH or reached(TREE, module, TRAINING) is None

    def test_loading_everything_behind_lower_loads_no_torch(self):
        # The bench is loaded by the simulator, in a process of its own.
        modules = [name for name in modules_of(*FREE_OF_TRAINING) if name != "warp2hdl.sim.bench"]
        assert "warp2hdl.backends.verilog" in modules
        program = (
            "import importlib, sys\n"
            f"for name in {modules!r}: importlib.import_module(name)\n"
            f"print([name for name in {TRAINING!r} if name in sys.modules])\n"
        )
        run = subprocess.run([sys.executable, "-c", program], cwd=TREE, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr


class TestTheCheck:
    """Each rule has been broken on purpose, to see that it notices."""

    def test_an_allowed_tree(self, tmp_path):
        tree = write(
            tmp_path,
            {
                "warp2hdl/__init__.py": "import pathlib\n",
                "warp2hdl/errors.py": "",
                "warp2hdl/ir/__init__.py": "from warp2hdl.ir.circuit import Circuit\nfrom warp2hdl import errors\n",
                "warp2hdl/ir/circuit.py": "from ..errors import VerifyError\n",
                "sim/__init__.py": "from warp2hdl import __version__, ir\n",
            },
        )
        assert order_violations(tree) == []

    @pytest.mark.parametrize(
        ("file", "source", "violation"),
        [
            ("warp2hdl/ir/a.py", "from warp2hdl.passes import run\n", "warp2hdl.ir.a:1: ir may not import passes"),
            ("warp2hdl/ir/a.py", "from warp2hdl import passes\n", "warp2hdl.ir.a:1: ir may not import passes"),
            ("warp2hdl/ir/a.py", "import warp2hdl.passes.dead\n", "warp2hdl.ir.a:1: ir may not import passes"),
            ("warp2hdl/ir/a.py", "from ..passes import run\n", "warp2hdl.ir.a:1: ir may not import passes"),
            ("warp2hdl/ir/a.py", "from .. import passes\n", "warp2hdl.ir.a:1: ir may not import passes"),
            ("warp2hdl/ir/__init__.py", "from ..passes import run\n", "warp2hdl.ir:1: ir may not import passes"),
            ("warp2hdl/ir/a.py", "def f():\n    import warp2hdl.cli\n", "warp2hdl.ir.a:2: ir may not import cli"),
            ("warp2hdl/nn/a.py", "from warp2hdl import train\n", "warp2hdl.nn.a:1: nn may not import train"),
            ("warp2hdl/data/a.py", "import warp2hdl.encode\n", "warp2hdl.data.a:1: data may not import encode"),
            ("warp2hdl/__init__.py", "from warp2hdl import errors\n", "warp2hdl:1: warp2hdl may not import errors"),
            (
                "kernels/a.py",
                "import warp2hdl.rtl_templates\n",
                "warp2hdl.kernels.a:1: kernels may not import rtl_templates",
            ),
            ("sim/a.py", "from ..cli import main\n", "warp2hdl.sim.a:1: sim may not import cli"),
            ("warp2hdl/nn/a.py", "import kernels.b\n", "warp2hdl.nn.a:1: kernels.b is called warp2hdl.kernels.b"),
            ("warp2hdl/extra/a.py", "", "warp2hdl.extra.a: no row of the order lists it"),
            (
                "warp2hdl/ir/a.py",
                "import importlib\nx = importlib.import_module('warp2hdl.sim')\n",
                "warp2hdl.ir.a:2: ir may not import sim",
            ),
        ],
    )
    def test_a_violation(self, tmp_path, file, source, violation):
        assert violation in order_violations(write(tmp_path, {file: source}))

    def test_torch_through_other_modules(self, tmp_path):
        tree = write(
            tmp_path,
            {
                "warp2hdl/ir/__init__.py": "",
                "warp2hdl/ir/a.py": "def f():\n    from warp2hdl import encode\n",
                "warp2hdl/encode.py": "from warp2hdl.kernels.table import look_up\n",
                "kernels/__init__.py": "import torch.nn\n",
                "kernels/table.py": "",
            },
        )
        way = ["warp2hdl.ir.a", "warp2hdl.encode", "warp2hdl.kernels", "torch.nn"]
        assert reached(tree, "warp2hdl.ir.a", ["torch"]) == way
        assert reached(tree, "warp2hdl.ir.a", ["torch"], on_load=True) is None
        assert reached(tree, "warp2hdl.encode", ["torch"], on_load=True) == way[1:]
        assert reached(tree, "warp2hdl.ir", ["torch"]) is None
        assert reached(tree, "warp2hdl.ir.a", ["triton"]) is None
