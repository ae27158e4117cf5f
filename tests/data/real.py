"""Where the reference data is; tests that need it skip without it, or fail if `WARP2HDL_REQUIRE_DATA=1`."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def real(name: str) -> Path:
    """A file or folder of the reference data."""
    path = FOLDER / name
    if not path.exists():
        reason = f"the reference data has no {name}"
        if os.environ.get("WARP2HDL_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
