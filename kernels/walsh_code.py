"""The programs of the fused Walsh layers for CPUs: gather, polynomial, noise, sigmoid and their gradients in one pass.

Rows are signals and columns are samples. Nothing of size 2**k is kept for a sample: with the inputs in two halves, the
monomials of a node are the products `a_i * b_q` of those of each half, and so are the gradients of its coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

from llvmlite import ir

from warp2hdl.kernels.noise import ROUNDS, STEP
from warp2hdl.kernels.vector import (
    F32,
    I1,
    I8,
    I32,
    I64,
    POINTER,
    Function,
    Program,
    Vector,
    lanes,
    log2,
    resized,
    sigmoid_of_minus,
    sums,
)

_AHEAD = 2  # nodes
_IN_REGISTERS = 16  # sums that a node's samples add up to
_CHUNK = 8  # vectors of samples
_ROWS = 4  # that are added up side by side, for a sum waits for the one before


def _monomials(s: list[Vector], first: Vector | None = None) -> list[Any]:
    """All products of the inputs, times `first`; entry i holds the inputs that are bits of i."""
    found: list[Any] = [1.0 if first is None else first]
    for each in s:
        found += [each if isinstance(m, float) else m * each for m in found]
    return found


def _dot(left: list[Any], right: list[Any]) -> Any:  # noqa: ANN401
    """The sum of products; an entry may be the number 1.0."""
    products = [
        a if isinstance(b, float) else b if isinstance(a, float) else a * b for a, b in zip(left, right, strict=True)
    ]
    total = products[0]
    for product in products[1:]:
        total = total + product
    return total


def _slopes(outer: list[Any], monomials: list[Any]) -> list[Any]:
    """Derivatives of `sum_i outer_i * monomial_i` by each input."""
    found = []
    for bit in (1 << j for j in range(len(monomials).bit_length() - 1)):
        held = [i for i in range(len(monomials)) if i & bit]
        found.append(_dot([outer[i] for i in held], [monomials[i ^ bit] for i in held]))
    return found


class _Layer(Program):
    """What forward and backward share: a node's rows, and columns by vectors."""

    def __init__(self, arity: int, alone: bool, matrices: list[str], others: list[tuple[str, ir.Type]]) -> None:
        sizes = [("fanins", POINTER), ("theta", POINTER), ("run", I64), ("key0", I64), ("key1", I64)]
        bounds = [(name, I64) for name in ("node_start", "node_stop", "start", "stop")]
        rows = [pair for name in matrices for pair in ((name, POINTER), (f"{name}_stride", I64))]
        super().__init__([*sizes, *bounds, *rows, ("scale", F32), *others])
        self.arity, self.alone = arity, alone

    def inputs_of(self, node: ir.Value) -> list[ir.Value]:
        """The numbers of a node's inputs."""
        b = self.builder
        edges = [b.add(b.mul(node, I64(self.arity)), I64(j)) for j in range(self.arity)]
        return [b.sext(self.load(self.index(self["fanins"], edge, 4), I32), I64) for edge in edges]

    def ahead(self, node: ir.Value) -> ir.Value:
        """The node whose rows are fetched while this one is computed: gathered rows are nowhere in the cache."""
        b = self.builder
        later, last = b.add(node, I64(_AHEAD)), b.sub(self["node_stop"], I64(1))
        return b.select(b.icmp_signed("<", later, last), later, last)

    def row(self, name: str, number: ir.Value, size: int = 4) -> ir.Value:
        """Where a row of a matrix begins."""
        return self.index(self[name], self.builder.mul(number, self[f"{name}_stride"]), size)

    def table_of(self, node: ir.Value) -> ir.Value:
        """Where the node's coefficients begin, counted in coefficients."""
        table = node if self.alone else self.builder.sdiv(node, self["run"])
        return self.builder.mul(table, I64(1 << self.arity))

    def coefficients(self, node: ir.Value) -> list[Vector]:
        """The node's coefficients, each in all lanes."""
        return [self.coefficient(node, i) for i in range(1 << self.arity)]

    def coefficient(self, node: ir.Value, number: int) -> Vector:
        """One of them."""
        place = self.index(self["theta"], self.builder.add(self.table_of(node), I64(number)), 4)
        return self.spread(self.load(place, F32))

    def begun(self, number: ir.Value) -> Vector:
        """A mask of all lanes if something was added to a row of `grad_x` before, which is not read otherwise."""
        found = self.is_set(self["added"], number)
        self.store(I8(1), self.index(self["added"], number, 1))
        return self.spread(found)

    def add_to_gradients(self, totals: list[Vector], first: ir.Value, fresh: ir.Value) -> None:
        """Adds the sums of the lanes of each to the gradients of the coefficients from the first on.

        Args:
            totals: what is summed.
            first: the first coefficient.
            fresh: whether nothing was added to these before. Those of a table of one node may hold anything then.
        """
        b = self.builder
        for i in range(0, len(totals), lanes()):
            added = sums(totals[i : i + lanes()]).value
            place = self.index(self["grad_theta"], b.add(first, I64(i)), 4)
            where = b.bitcast(place, added.type.as_pointer())
            so_far = b.load(where, align=4)
            if self.alone:
                so_far = b.select(fresh, ir.Constant(added.type, [0] * added.type.count), so_far)
            b.store(b.fadd(so_far, added), where, align=4)

    def logistic(self, node: ir.Value, column: ir.Value) -> Vector:
        """Noise, as `noise.logistic` defines it."""
        b = self.builder
        keys = [self.spread(b.trunc(self[name], I32)) for name in ("key0", "key1")]
        x = self.count_up(b.trunc(b.add(b.mul(node, I64(STEP)), column), I32)) ^ keys[0]
        for added in (keys[1], None):
            for shift, factor in ROUNDS:
                x = x ^ (x >> shift)
                x = x * factor if factor != 1 else x
            x = x + added if added is not None else x
        u = (x >> 9).to_floats() * 2.0**-23 + 2.0**-24
        return log2(u * (1.0 - u).inverse()) * math.log(2)


@cache
def forward(arity: int, alone: bool, bits: bool, linear: bool, noisy: bool, hard: bool) -> Function:
    """The program of the outputs.

    Args:
        arity: inputs of each node.
        alone: whether each node has a table of its own.
        bits: whether the inputs are uint8 bits, not float32.
        linear: whether outputs are `(1 - z) / 2`, not a sigmoid.
        noisy: whether logistic noise is taken from z.
        hard: whether the rounded outputs are stored as well.
    """
    p = _Layer(arity, alone, ["x", "y", *(["rounded"] if hard else [])], [("bound", F32), ("gain", F32)])
    with p.loop(p["node_start"], p["node_stop"], 1) as (node, _):
        rows = [p.row("x", number, 1 if bits else 4) for number in p.inputs_of(node)]
        later = [p.row("x", number, 1 if bits else 4) for number in p.inputs_of(p.ahead(node))]
        y, rounded = p.row("y", node), p.row("rounded", node) if hard else None
        scale, bound, gain = (p.spread(p[name]) for name in ("scale", "bound", "gain"))
        shift = 0.5 - 0.5 * gain

        def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
            for row in later:
                p.prefetch(p.index(row, column, 1 if bits else 4))
            t = p.coefficients(node)
            for j in reversed(range(arity)):
                x = p.load_vector(p.index(rows[j], column, 1 if bits else 4), mask, I8 if bits else F32)
                s = 1.0 - 2.0 * x
                t = [t[i] + s * t[i + (1 << j)] for i in range(1 << j)]
            z = t[0]
            z = z - p.logistic(node, column) if noisy else z
            value = 0.5 - 0.5 * z if linear else sigmoid_of_minus(z, scale, bound) * gain + shift
            p.store_vector(value, p.index(y, column, 4), mask)
            if rounded is not None:
                p.store_vector(value.above(0.5), p.index(rounded, column, 4), mask)
            return []

        p.columns(p["start"], p["stop"], 0, step, halves=1 << arity > _IN_REGISTERS)
    return p.compile()


@cache
def total() -> Function:
    """Adds one matrix to another, row by row, where a row that nothing was added to counts as 0."""
    pairs = [pair for name in ("sums", "others") for pair in ((name, POINTER), (f"{name}_stride", I64))]
    flags = [(f"{name}_added", POINTER) for name in ("sums", "others")]
    p = Program([*pairs, *flags, *((name, I64) for name in ("columns", "start", "stop"))])
    b = p.builder
    with p.loop(p["start"], p["stop"], 1) as (number, _):
        there = [p.is_set(p[name], number) for name, _ in flags]
        rows = [p.index(p[name], b.mul(number, p[f"{name}_stride"]), 4) for name in ("sums", "others")]

        def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
            places = [p.index(row, column, 4) for row in rows]
            left, right = (
                Vector(b, b.select(known, p.load_vector(place, mask).value, p.zero().value))
                for known, place in zip(there, places, strict=True)
            )
            p.store_vector(left + right, places[0], mask)
            return []

        p.columns(I64(0), p["columns"], 0, step)
        p.store(I8(1), p.index(p["sums_added"], number, 1))
    return p.compile()


@cache
def clear() -> Function:
    """Fills the rows of a matrix with 0 that nothing was added to."""
    sizes = [(name, I64) for name in ("columns", "start", "stop")]
    p = Program([("sums", POINTER), ("stride", I64), ("added", POINTER), *sizes])
    b = p.builder
    with p.loop(p["start"], p["stop"], 1) as (number, _):
        row = p.index(p["sums"], b.mul(number, p["stride"]), 4)

        def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
            p.store_vector(p.zero(), p.index(row, column, 4), mask)
            return []

        p.columns(I64(0), b.select(p.is_set(p["added"], number), I64(0), p["columns"]), 0, step)
    return p.compile()


@cache
def group_sums() -> Function:
    """Adds up runs of `size` rows of a matrix."""
    pairs = [pair for name in ("y", "sums") for pair in ((name, POINTER), (f"{name}_stride", I64))]
    p = Program([*pairs, *((name, I64) for name in ("size", "group_start", "group_stop", "start", "stop"))])
    b = p.builder
    with p.loop(p["group_start"], p["group_stop"], 1) as (group, _):
        first, sums_row = b.mul(group, p["size"]), b.mul(group, p["sums_stride"])
        most = b.sub(p["size"], b.srem(p["size"], I64(_ROWS)))

        def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
            def row(member: ir.Value) -> Vector:
                number = b.mul(b.add(first, member), p["y_stride"])
                return p.load_vector(p.index(p["y"], b.add(number, column), 4), mask)

            with p.loop(I64(0), most, _ROWS, [p.zero().value] * _ROWS) as (member, values):
                for i, value in enumerate(values):
                    values[i] = (Vector(b, value) + row(b.add(member, I64(i)))).value
            with p.loop(most, p["size"], 1, values[:1]) as (member, rest):
                rest[0] = (Vector(b, rest[0]) + row(member)).value
            found = Vector(b, rest[0])
            for value in values[1:]:
                found = found + Vector(b, value)
            p.store_vector(found, p.index(p["sums"], b.add(sums_row, column), 4), mask)
            return []

        p.columns(p["start"], p["stop"], 0, step)
    return p.compile()


def _input_slopes(coefficients: Iterator[Vector], a: list[Any], c: list[Any]) -> list[Vector]:
    """Derivatives by each input of `sum theta_(q, i) * a_i * c_q`, with the monomials a and c of both halves.

    The coefficients are taken in their order, each once: there may be more of them than registers.
    """
    outer_low: list[Any] = []
    outer_high = []
    for factor in c:
        row = list(islice(coefficients, len(a)))
        products = [each if isinstance(factor, float) else each * factor for each in row]
        outer_low = [x + y for x, y in zip(outer_low, products, strict=True)] if outer_low else products
        outer_high.append(_dot(row, a))
    return [*_slopes(outer_low, a), *_slopes(outer_high, c)]


_Monomials = Callable[[ir.Value, ir.Value | None], tuple[list[Any], list[Any]]]
_PassOn = Callable[[ir.Value, ir.Value | None, list[Any], list[Any]], None]


def _add_products(p: _Layer, monomials: _Monomials, pass_on: _PassOn, first: ir.Value) -> None:
    """Adds the sums over all samples of products of two monomials to the gradients of a node's coefficients."""

    def step(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
        a, c = monomials(column, mask)
        pass_on(column, mask, a, c)
        return [_dot([factor], [each]) for factor in c for each in a]

    p.add_to_gradients(p.columns(p["start"], p["stop"], 1 << p.arity, step), first, I1(1))


def _add_many_products(p: _Layer, monomials: _Monomials, pass_on: _PassOn, first: ir.Value, scratch: ir.Value) -> None:
    """The same where there are more products than registers: as a product of matrices, some samples at a time.

    The monomials of the samples wait in `scratch`, those of each vector of samples side by side.
    """
    b, kept, lows = p.builder, _kept(p.arity), 1 << p.arity // 2

    def place(sample: ir.Value, number: int) -> ir.Value:
        return p.index(scratch, b.add(b.mul(sample, I64(kept)), I64(number * lanes())), 4)

    with p.loop(p["start"], p["stop"], _CHUNK * lanes()) as (start, _):
        end = b.add(start, I64(_CHUNK * lanes()))
        stop = b.select(b.icmp_signed("<", end, p["stop"]), end, p["stop"])

        fresh = b.icmp_signed("==", start, p["start"])

        def keep(column: ir.Value, mask: ir.Value | None) -> list[Vector]:
            a, c = monomials(column, mask)
            for i, each in enumerate((*a[1:], *c)):
                p.store_vector(resized(each, lanes()), place(b.sub(column, start), i), None)
            pass_on(column, mask, a, c)
            return []

        p.columns(start, stop, 0, keep, halves=True)
        together = max(1, lanes() // lows)
        for q in range(lows - 1, kept, together):

            def multiply(sample: ir.Value, _: ir.Value | None, q: int = q) -> list[Vector]:
                a, c = (
                    [p.load_vector(place(sample, i), None) for i in numbers]
                    for numbers in (range(lows - 1), range(q, q + together))
                )
                return [_dot([each], [factor]) for each in c for factor in (1.0, *a)]

            totals = p.columns(I64(0), b.sub(stop, start), lows * together, multiply)
            p.add_to_gradients(totals, b.add(first, I64((q - lows + 1) * lows)), fresh)


def _kept(arity: int) -> int:
    """How many monomials of both halves there are, but for the 1."""
    return (1 << arity // 2) + (1 << arity - arity // 2) - 1


@cache
def backward(arity: int, alone: bool, bits: bool, linear: bool, to_inputs: bool, to_edges: bool) -> Function:
    """The program of the gradients; of the inputs and of each node's inputs, where these are wanted."""
    optional = {"y": not linear, "grad_x": to_inputs, "grad_edges": to_edges}
    rows = ["x", "grad_y", *(name for name, there in optional.items() if there)]
    p = _Layer(arity, alone, rows, [("rest", F32), ("grad_theta", POINTER), ("added", POINTER)])
    b = p.builder
    size = 1 if bits else 4
    half, count = arity // 2, 1 << arity
    few = count <= _IN_REGISTERS
    scratch = None if few else p.scratch(_CHUNK * _kept(arity))
    with p.loop(p["node_start"], p["node_stop"], 1) as (node, _):
        inputs, later = p.inputs_of(node), p.inputs_of(p.ahead(node))
        rows, rows_later = ([p.row("x", number, size) for number in numbers] for numbers in (inputs, later))
        sources = [p.row(name, node) for name in ("grad_y", *(() if linear else ("y",)))]
        edges = [b.add(b.mul(node, I64(arity)), I64(j)) for j in range(arity)]
        sums_of_inputs = [p.row("grad_x", number) for number in inputs] if to_inputs else []
        sums_later = [p.row("grad_x", number) for number in later] if to_inputs else []
        begun = [p.begun(number) for number in inputs] if to_inputs else []
        edge_rows = [p.row("grad_edges", edge) for edge in edges] if to_edges else []
        scale, rest = p.spread(p["scale"]), p.spread(p["rest"])

        def monomials(column: ir.Value, mask: ir.Value | None) -> tuple[list[Any], list[Vector]]:
            """Those of both halves of the inputs, the second ones times the gradient."""
            for row in rows_later:
                p.prefetch(p.index(row, column, size))
            for row in sums_later:
                p.prefetch(p.index(row, column, 4), write=True)
            s = [1.0 - 2.0 * p.load_vector(p.index(row, column, size), mask, I8 if bits else F32) for row in rows]
            g, *relaxed = (p.load_vector(p.index(row, column, 4), mask) for row in sources)
            g = g * scale
            for y in relaxed:
                g = g * (y - y * y + rest)
            return _monomials(s[:half]), _monomials(s[half:], g)

        def pass_on(column: ir.Value, mask: ir.Value | None, a: list[Any], c: list[Any]) -> None:
            """The gradients of the inputs."""
            coefficients = (p.coefficient(node, i) for i in range(count))
            slopes = _input_slopes(coefficients, a, c) if to_inputs or to_edges else []
            for j, row in enumerate(edge_rows):
                p.store_vector(slopes[j] * -2.0, p.index(row, column, 4), mask)
            for j, row in enumerate(sums_of_inputs):  # one after the other: rows may be the same
                at = p.index(row, column, 4)
                known = resized(begun[j], p.lanes)
                so_far = p.load_vector(at, (known if mask is None else known & Vector(b, mask)).value)
                p.store_vector(so_far + slopes[j] * -2.0, at, mask)

        if scratch is None:
            _add_products(p, monomials, pass_on, p.table_of(node))
        else:
            _add_many_products(p, monomials, pass_on, p.table_of(node), scratch)
    return p.compile()
