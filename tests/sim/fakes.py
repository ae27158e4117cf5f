"""A design without a simulator: signals that hold a value, and edges that the test makes by hand."""

from types import SimpleNamespace

from cocotb.types import Logic, LogicArray


class Edge:
    """Awaiting it gives control back to the test."""

    def __await__(self):
        yield


class Signal:
    def __init__(self, width=1, value="0"):
        self.width = width
        self.value = Logic(value) if width == 1 else LogicArray(value.zfill(width))
        self.rising_edge = Edge()

    def __len__(self):
        return self.width


def stream_dut(features=8, scores=4):
    return SimpleNamespace(
        clk=Signal(),
        in_valid=Signal(),
        in_features=Signal(features),
        out_valid=Signal(),
        out_class=Signal(2),
        out_scores=Signal(scores),
    )


def step(coroutine):
    """Runs a coroutine up to its next edge; True once it has ended."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    return False
