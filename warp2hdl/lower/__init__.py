"""From a trained network to a circuit: the only place that knows both torch and the IR."""

from warp2hdl.lower.lower import lower

__all__ = ["lower"]
