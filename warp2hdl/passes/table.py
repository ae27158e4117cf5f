"""Single truth tables as whole numbers: bit a is the value at address a."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


def full(arity: int) -> int:
    """The table of the constant 1."""
    return (1 << (1 << arity)) - 1


@lru_cache(maxsize=256)
def variable(j: int, arity: int) -> int:
    """The table of input j alone."""
    period, half = 2 << j, 1 << j
    return sum(1 << a for a in range(1 << arity) if a % period >= half)


@lru_cache(maxsize=1 << 14)
def compose(table: int, operands: tuple[int, ...], arity: int) -> int:
    """The table, over `arity` inputs, of a look-up whose inputs are functions of these.

    Args:
        table: the look-up's table.
        operands: the tables of its inputs over `arity` inputs, input 0 first.
        arity: how many inputs the operands have.
    """
    ones = full(arity)
    leaves = [ones if table >> address & 1 else 0 for address in range(1 << len(operands))]
    for operand in operands:
        leaves = [(low & ~operand) | (high & operand) for low, high in zip(leaves[::2], leaves[1::2], strict=True)]
    return leaves[0] & ones


def expand(table: int, reads: Sequence[int], onto: Sequence[int]) -> int:
    """The table over the inputs `onto` of a function of the inputs `reads`, which are among them."""
    arity = len(onto)
    return compose(table, tuple(variable(onto.index(signal), arity) for signal in reads), arity)


def cofactors(table: int, j: int, arity: int) -> tuple[int, int]:
    """The table with input j at 0 and at 1, over the same inputs."""
    mask, step = variable(j, arity), 1 << j
    low, high = table & ~mask, table & mask
    return low | low << step, high | high >> step


def shrink(table: int, reads: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Leaves out the inputs that make no difference: the others, in order, and the table over them."""
    arity = len(reads)
    used = [j for j in range(arity) if len(set(cofactors(table, j, arity))) > 1]
    if len(used) == arity:
        return tuple(reads), table
    operands = [0] * arity
    for place, j in enumerate(used):
        operands[j] = variable(place, len(used))
    return tuple(reads[j] for j in used), compose(table, tuple(operands), len(used))
