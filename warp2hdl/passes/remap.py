"""Re-mapping: ABC restructures the whole network and covers it with look-ups again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from warp2hdl.ir.circuit import MAX_ARITY, Circuit
from warp2hdl.passes.abc_tool import optimise
from warp2hdl.passes.base import is_worth_it, look_ups, with_network


@dataclass(frozen=True)
class RemapArea:
    """Maps the network for the fewest look-ups: structural choices, area recovery, don't-cares of windows by SAT.

    Attributes:
        arity: the most inputs of a look-up, 2 to 6.
    """

    arity: int = MAX_ARITY
    name: ClassVar[str] = "remap for area"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass; the same object if it saves next to nothing."""
        script = f"dch -f; if -a -K {self.arity}; mfs2 -a -e"
        found = optimise(circuit.network, script)
        saved = look_ups(circuit.network) - look_ups(found)
        return with_network(circuit, found) if is_worth_it(saved, circuit.network) else circuit


@dataclass(frozen=True)
class RemapDepth:
    """Maps the network for the fewest levels, then for few look-ups among the mappings of that depth.

    Attributes:
        arity: the most inputs of a look-up, 2 to 6.
    """

    arity: int = MAX_ARITY
    name: ClassVar[str] = "remap for depth"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass; the same object if it is neither shallower nor, at that depth, smaller."""
        script = f"dch -f; if -K {self.arity}; mfs2 -a -e"
        network, found = circuit.network, optimise(circuit.network, script)
        smaller = is_worth_it(look_ups(network) - look_ups(found), network)
        if found.depth < network.depth or (found.depth == network.depth and smaller):
            return with_network(circuit, found)
        return circuit
