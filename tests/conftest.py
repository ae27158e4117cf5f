"""Before any test module is imported."""

import os
import shutil
import sys

# Triton decides when it is imported, and torch's optimizers import it: without a GPU its interpreter runs the kernels.
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")

collect_ignore_glob = [] if sys.platform == "linux" else ["kernels/test_*triton.py"]  # there is no Triton elsewhere
