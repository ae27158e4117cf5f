"""warp2hdl: from labelled data to a proven FPGA circuit."""

from pathlib import Path as _Path

__version__ = "0.1.0"

# A bare checkout keeps `kernels`, `rtl_templates` and `sim` beside this package; a wheel holds them inside.
_root = _Path(__file__).resolve().parent
if not (_root / "kernels").is_dir():
    __path__.append(str(_root.parent))
