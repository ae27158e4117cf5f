"""Blocks, and how they become either one Amaranth hierarchy (for its simulator) or one Verilog module each."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, ValueCastable
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from warp2hdl.backends.targets import Target


class Block(wiring.Component):
    """A component that becomes a Verilog module of its own.

    Attributes:
        block_name: the module's name behind the top's; blocks of one name are the same module.
        clocked: whether it has registers, hence a port `clk`.
        summary: a line about it, the comment above its module.
    """

    # A block is also its own reference: one that is only evaluated, or shares another's module, is no mistake.
    _MustUse__silence = True

    block_name: str
    clocked: bool = False
    summary: str = ""


class WrittenBlock(Block):
    """A block of very many look-ups, which writes its module's statements itself.

    Through Amaranth and Yosys a look-up takes half a millisecond and 20 kB. `elaborate` builds the same circuit for
    simulators; tests compare the two.
    """

    def statements(self, target: Target, arities: set[int]) -> list[list[str]]:
        """What stands between the module's ports and its end.

        Args:
            target: what a look-up becomes.
            arities: grows by the inputs of those look-ups that became primitives.

        Returns:
            Lines by section.
        """
        raise NotImplementedError


class Emission:
    """The Amaranth platform under which every block is a module of its own, instantiated by name.

    Amaranth names the modules and ports of a hierarchy after paths and nets and repeats a module for every instance;
    a block by block conversion keeps the names that the blocks chose, and shares modules.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.blocks: dict[str, Block] = {}

    def module_name(self, block: Block) -> str:
        """The Verilog module that `block` becomes."""
        return f"{self.prefix}_{block.block_name}"


def place(m: Module, platform: object, name: str, block: Block, ports: Mapping[str, Value]) -> None:
    """Instantiates `block` in `m` as `name` with its ports connected to `ports`."""
    outputs = {key for key, member in block.signature.members.items() if member.flow == Out}
    if isinstance(platform, Emission):
        platform.blocks.setdefault(block.block_name, block)
        connections: dict[str, Value | ValueCastable] = {
            f"{'o' if key in outputs else 'i'}_{key}": value for key, value in ports.items()
        }
        if block.clocked:
            connections["i_clk"] = ClockSignal()
        m.submodules[name] = Instance(platform.module_name(block), **connections)
        return
    m.submodules[name] = block
    for key, value in ports.items():
        port = getattr(block, key)
        m.d.comb += value.eq(port) if key in outputs else port.eq(value)


def lut(m: Module, name: str, table: int, address: list[Value]) -> Value:
    """A look-up of `table` at the bits `address`, least significant first; the result is a signal called `name`."""
    found = Signal(name=name)
    m.d.comb += found.eq(Const(table, 1 << len(address)).bit_select(Cat(address), 1))
    return found
