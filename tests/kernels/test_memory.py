import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource, sys
import numpy as np
from warp2hdl.kernels import memory
if sys.argv[1] == "keep" and not memory.keep_freed():
    sys.exit(3)
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    arrays = [np.ones(1_000_000, np.float32) for _ in range(20)]
step()
before = faults()
step()
print(faults() - before)
"""


def _faults(how):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    return ran.returncode, int(ran.stdout or 0)


def test_arrays_are_not_paged_in_again():
    code, kept = _faults("keep")
    if code == 3:  # a C library that cannot be told
        return
    assert code == 0
    assert kept < _faults("leave")[1] / 10
