"""Compiles Triton kernels for an H200 and disassembles them, in a process in which Triton does not interpret.

No GPU is needed. Arguments: a JSON list of `[module, kernel, types, constants]`, where types that are not named are
int32. Writes `0.txt`, `1.txt`, ... into the working folder: what each kernel takes, and its machine code.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path

MULTIPLES_OF_16 = ("readable", "stride", "part_columns", "first", "columns")


def compile_all(requests):
    import triton
    from triton import knobs
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    def told(tool, *words):
        return subprocess.run([tool.path, *words, "kernel"], capture_output=True, text=True, check=True).stdout

    for number, (module, name, given, constants) in enumerate(requests):
        kernel = getattr(importlib.import_module(f"warp2hdl.kernels.{module}"), name)
        types = {name: "constexpr" if name in constants else given.get(name, "i32") for name in kernel.arg_names}
        even = [i for i, name in enumerate(types) if types[name][0] == "*" or name.endswith(MULTIPLES_OF_16)]
        source = ASTSource(kernel, types, constants, {(i,): [["tt.divisibility", 16]] for i in even})
        Path("kernel").write_bytes(triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"])
        Path(f"{number}.txt").write_text(told(knobs.nvidia.cuobjdump, "-res-usage") + told(knobs.nvidia.nvdisasm))


if __name__ == "__main__":
    compile_all(json.loads(sys.argv[1]))
