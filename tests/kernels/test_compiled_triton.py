"""What the compiler makes of the kernels for an H200, without one. The interpreter takes more than the compiler."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.distributions import TREE
from warp2hdl.kernels import tiles_triton


def compiled(folder, requests):
    """The resources and the machine code of each kernel."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(TREE)}
    command = [sys.executable, TREE / "tests" / "kernels" / "compiler.py", json.dumps(requests)]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return [(folder / f"{number}.txt").read_text() for number in range(len(requests))]


def layers(k, real, *, scalars=False):
    """The forward kernel, and the backward kernel with and without atomic additions."""
    types = {"fanins": "*i32", "theta": "*fp32", "grad_theta": "*fp32", "grad_x": "*fp32"}
    types |= dict.fromkeys(("tau", "limit", "gain"), "fp32")
    types |= dict.fromkeys(("x", "y", "grad_y", "edges"), "*" + real)
    if not scalars:
        types |= {"tau": "*fp32", "key0": "*i32", "key1": "*i32"}
    wanted = [
        ("forward_kernel", tiles_triton.forward_tile(k), {"HARD": False}),
        ("backward_kernel", tiles_triton.backward_tile(k), {"ADD_TO_X": True, "KEEP_EDGES": False}),
        ("backward_kernel", tiles_triton.backward_tile(k), {"ADD_TO_X": False, "KEEP_EDGES": True}),
    ]
    flags = {"K": k, "LINEAR": False, "NOISY": True, "LIMITED": True}
    return [
        ("butterfly_triton", kernel, types, flags | own | {"BLOCK_T": tile.tables, "BLOCK_B": tile.columns})
        for kernel, tile, own in wanted
    ]


def check(texts):
    for text in texts:
        assert re.search(r"STACK:0 .*LOCAL:0 ", text), re.findall(r"REG:.*", text)
        assert not re.search(r"\bLDL|\bSTL", text)


def test_registers_suffice_and_rows_are_read_and_written_in_wide_words(tmp_path):
    edges = {"edges": "*fp32", "order": "*i32", "starts": "*i32", "grad_x": "*fp32"}
    wiring = {"signals": "*u8", "candidates": "*i32", "edges": "*fp32", "found": "*fp32"}
    texts = compiled(
        tmp_path,
        [
            *layers(2, "fp32"),
            ("edges_triton", "_sum_edges", edges, {"BLOCK_I": 1, "BLOCK_B": 512, "UNROLLED": 4}),
            ("edges_triton", "_candidates", wiring, {"BLOCK_C": 32, "BLOCK_B": 64}),
            (
                "lookup_triton",
                "_look_up",
                {"bits": "*u8", "fanins": "*i32", "tables": "*u8", "found": "*u8"},
                {"K": 6, "BLOCK_N": 8, "BLOCK_B": 128},
            ),
        ],
    )
    check(texts)
    forward, adding, listing, summing, *_ = texts
    assert "LDG.E.128" in forward and "STG.E.128" in forward
    assert "REDG.E.ADD.F32x4" in adding
    assert "REDG" not in listing and "STG.E.128" in listing
    assert "LDG.E.128" in summing and "STG.E.128" in summing


@pytest.mark.long
@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_registers_suffice_at_every_arity(k, tmp_path):
    check(compiled(tmp_path, layers(k, "bf16", scalars=True)))
