"""What the compiler makes of the kernels for an H200: it needs no GPU, but a process in which Triton compiles."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import subprocess, sys
from pathlib import Path
import triton
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from warp2hdl.kernels import butterfly_triton, tiles_triton

k, real = int(sys.argv[1]), sys.argv[2]
arrays = {"fanins": "*i32", "theta": "*fp32", "grad_theta": "*fp32", "tau": "fp32"}
arrays |= dict.fromkeys(("x", "y", "grad_y", "edges"), "*" + real) | {"grad_x": "*fp32"}
multiples_of_16 = ("readable", "stride", "part_columns", "first")
flags = {"LINEAR": False, "NOISY": True}


def told(tool, *words):
    run = subprocess.run([tool.path, *words, "kernel.cubin"], capture_output=True, text=True, check=True)
    return run.stdout


kernels = [
    (butterfly_triton.forward_kernel, tiles_triton.forward_tile(k), {"HARD": False}),
    (butterfly_triton.backward_kernel, tiles_triton.backward_tile(k), {"ADD_TO_X": True, "KEEP_EDGES": False}),
    (butterfly_triton.backward_kernel, tiles_triton.backward_tile(k), {"ADD_TO_X": False, "KEEP_EDGES": True}),
]
for kernel, tile, own in kernels:
    constants = {"K": k, "BLOCK_T": tile.tables, "BLOCK_B": tile.columns} | flags | own
    types = {name: "constexpr" if name in constants else arrays.get(name, "i32") for name in kernel.arg_names}
    even = [i for i, name in enumerate(types) if types[name][0] == "*" or name.endswith(multiples_of_16)]
    source = ASTSource(kernel, types, constants, {(i,): [["tt.divisibility", 16]] for i in even})
    built = triton.compile(source, target=GPUTarget("cuda", 90, 32))
    Path("kernel.cubin").write_bytes(built.asm["cubin"])
    report = told(knobs.nvidia.cuobjdump, "-res-usage") + told(knobs.nvidia.nvdisasm)
    Path(f"{len(list(Path().glob('*.txt')))}.txt").write_text(report)
"""


def compiled(folder, k, real):
    """Resources and machine code of the forward kernel, and of backward with and without atomic additions."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", PROGRAM, str(k), real], cwd=folder, env=environment, check=True)
    return [(folder / f"{i}.txt").read_text() for i in range(3)]


@pytest.mark.parametrize(
    ("k", "real"), [(2, "fp32"), *(pytest.param(k, "bf16", marks=pytest.mark.long) for k in (3, 4, 5, 6))]
)
def test_registers_suffice_and_rows_are_read_and_written_in_wide_words(k, real, tmp_path):
    forward, adding, listing = compiled(tmp_path, k, real)
    for text in (forward, adding, listing):
        assert re.search(r"STACK:0 .*LOCAL:0 ", text), re.findall(r"REG:.*", text)
        assert not re.search(r"\bLDL|\bSTL", text)
    if k <= 3:
        width = "128" if real == "fp32" else "64"
        assert f"LDG.E.{width}" in forward and f"STG.E.{width}" in forward
        assert "REDG.E.ADD.F32x4" in adding and "REDG" not in listing
