"""What the compiler makes of the packed kernels for an H200, without one."""

import re

from tests.kernels.test_compiled_triton import check, compiled


def test_registers_suffice_and_multiplexers_are_single_instructions(tmp_path):
    pointers = {"signals": "*i32", "fanins": "*i32", "tables": "*i64", "out": "*i32", "out_rows": "*i32"}
    counted = {"signals": "*i32", "rows": "*i32", "offsets": "*i32", "bias": "*i32", "found": "*i32"}
    compared = {"x": "*u8", "features": "*i32", "thresholds": "*i32", "found": "*i32"}
    texts = compiled(
        tmp_path,
        [
            ("infer_triton", "look_up_kernel", pointers, {"K": 2, "BLOCK_N": 8, "BLOCK_W": 128}),
            ("infer_triton", "look_up_kernel", pointers, {"K": 6, "BLOCK_N": 4, "BLOCK_W": 128}),
            ("infer_triton", "count_kernel", counted, {"BLOCK_W": 64}),
            ("infer_triton", "compare_kernel", compared, {"BLOCK_N": 32, "BLOCK_W": 8}),
        ],
    )
    check(texts)
    pairs, sixes, counting, _ = texts
    # A thread has 8 words of 2 nodes, or 4 words of one; its masks and addresses come on top.
    assert 8 * 3 <= len(re.findall(r"\bLOP3", pairs)) < 100
    assert 4 * 63 <= len(re.findall(r"\bLOP3", sixes)) < 4 * 63 + 200
    assert "LDG.E.128" in pairs and "STG.E.128" in pairs
    assert "LDG.E.128" in sixes
    assert re.search(r"\bLOP3", counting)
