"""warp2hdl: from labelled data to a proven FPGA circuit."""

from importlib import import_module as _import_module
from pathlib import Path as _Path

__version__ = "0.1.0"

# A bare checkout keeps `kernels`, `rtl_templates` and `sim` beside this package; a wheel holds them inside.
_root = _Path(__file__).resolve().parent
if not (_root / "kernels").is_dir():
    __path__.append(str(_root.parent))

_DIFFLOGIC = ("CompiledLogicNet", "GroupSum", "LogicLayer", "PackBitsTensor")


def __getattr__(name: str) -> object:
    """What difflogic exports; not before it is asked for, since it takes torch."""
    if name in _DIFFLOGIC:
        return getattr(_import_module("warp2hdl.difflogic"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
