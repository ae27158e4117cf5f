"""Device code of the fused Walsh layers, in Triton: one program for any arity, built by unrolled butterflies.

A program owns a few tables and a part of the samples. Its tiles are `[BLOCK_T tables, BLOCK_B samples]`, with samples
on neighbouring lanes, so that a gathered row is read in whole sectors; coefficients and the sums of their gradients
stay in registers, as tuples of tiles, which Triton can append to and not unpack. The columns past the batch that a tile
covers may hold anything: their gradients are set to 0.
"""

# mypy: disable-error-code="assignment"
# ruff: noqa: RUF005

from __future__ import annotations

import triton
import triton.language as tl

from warp2hdl.kernels.noise_triton import logistic, scalar


@triton.jit
def _coefficients(theta: tl.tensor, table: tl.tensor, live: tl.tensor, K: tl.constexpr) -> tl.tensor:
    """The 2**K coefficients of a column of tables, each `[BLOCK_T, 1]`."""
    found = ()
    for i in tl.static_range(1 << K):
        found = found + (tl.load(theta + (table.to(tl.int64) << K) + i, live, 0.0),)
    return found


@triton.jit
def _gathered(
    x: tl.tensor, fanins: tl.tensor, node: tl.tensor, live: tl.tensor, stride: tl.tensor, K: tl.constexpr
) -> tl.tensor:
    """Pointers to the K rows that each node reads, each `[BLOCK_T, 1]`."""
    found = ()
    for j in tl.static_range(K):
        source = tl.load(fanins + node.to(tl.int64) * K + j, live, 0)
        found = found + (x + source.to(tl.int64) * stride,)
    return found


@triton.jit
def _signs(rows: tl.tensor, column: tl.tensor, readable: tl.tensor, K: tl.constexpr) -> tl.tensor:
    """The K inputs as +1 for logic 0 and -1 for logic 1, each `[BLOCK_T, BLOCK_B]`."""
    found = ()
    for j in tl.static_range(K):
        found = found + (1.0 - 2.0 * tl.load(rows[j] + column, readable, 0).to(tl.float32),)
    return found


@triton.jit
def _finite(s: tl.tensor, valid: tl.tensor, K: tl.constexpr) -> tl.tensor:
    """The same with nothing in the columns past the batch that times 0 is not 0."""
    found = ()
    for j in tl.static_range(K):
        found = found + (tl.where(valid, s[j], 1.0),)
    return found


@triton.jit
def _folded(t: tl.tensor, s: tl.tensor, J: tl.constexpr) -> tl.tensor:
    """Puts input J, the last, into a polynomial of J + 1 inputs: 2**(J + 1) coefficients become 2**J."""
    found = ()
    for i in tl.static_range(1 << J):
        found = found + (t[i] + s * t[i + (1 << J)],)
    return found


@triton.jit
def _slope(g: tl.tensor, t: tl.tensor, J: tl.constexpr) -> tl.tensor:
    """Gradient of input J, from those of the 2**J coefficients that are left and the 2**(J + 1) before it is put in."""
    found = g[0] * t[1 << J]
    for i in tl.static_range(1, 1 << J):
        found += g[i] * t[i + (1 << J)]
    return found


@triton.jit
def _polynomial(theta: tl.tensor, s: tl.tensor, J: tl.constexpr, I: tl.constexpr) -> tl.tensor:  # noqa: E741
    """What `_folded` comes to for coefficient I of J inputs, depth first: J values are alive and not 2**J."""
    if J == 0:
        return theta[I]
    else:  # noqa: RET505 - Triton compiles the branch that is taken, and it needs both
        return _polynomial(theta, s, J - 1, I) + s[J - 1] * _polynomial(theta, s, J - 1, I + (1 << (J - 1)))


@triton.jit
def _joined(sums: tl.tensor, J: tl.constexpr, I: tl.constexpr) -> tl.tensor:  # noqa: E741
    """The totals over the samples of every 2**(K - J)-th of the 2**K sums from the I-th on, `[BLOCK_T, 2, 2, ...]`."""
    if J == 0:
        return tl.sum(sums[I], 1)
    else:  # noqa: RET505 - Triton compiles the branch that is taken, and it needs both
        return tl.join(_joined(sums, J - 1, I), _joined(sums, J - 1, I + (len(sums) >> J)))


@triton.jit(do_not_specialize=["limit", "gain", "key0", "key1"])
def forward_kernel(
    x: tl.tensor,
    fanins: tl.tensor,
    theta: tl.tensor,
    tau: tl.tensor,
    limit: tl.tensor,
    gain: tl.tensor,
    key0: tl.tensor,
    key1: tl.tensor,
    y: tl.tensor,
    tables: tl.tensor,
    run: tl.tensor,
    batch: tl.tensor,
    readable: tl.tensor,
    x_stride: tl.tensor,
    y_stride: tl.tensor,
    part_runs: tl.tensor,
    part_columns: tl.tensor,
    K: tl.constexpr,
    LINEAR: tl.constexpr,
    NOISY: tl.constexpr,
    LIMITED: tl.constexpr,
    HARD: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_B: tl.constexpr,
) -> None:
    """Outputs of one part: nodes `table * run + r` for some tables and r, at some columns of the batch."""
    table = tl.program_id(0) * BLOCK_T + tl.arange(0, BLOCK_T)[:, None]
    live = table < tables
    first_run, first_column = tl.program_id(1) * part_runs, tl.program_id(2) * part_columns
    coefficients = _coefficients(theta, table, live, K)
    inverse_tau = 1.0 / scalar(tau)
    for r in range(first_run, min(first_run + part_runs, run)):
        node = table * run + r
        rows = _gathered(x, fanins, node, live, x_stride, K)
        out = y + node.to(tl.int64) * y_stride
        for start in range(first_column, min(first_column + part_columns, batch), BLOCK_B):
            column = start + tl.arange(0, BLOCK_B)[None, :]
            s = _signs(rows, column, live & (column < readable), K)
            z = _polynomial(coefficients, s, K, 0)
            if NOISY:
                z -= logistic(scalar(key0), scalar(key1), node, column)
            if HARD:
                value = tl.where(z < 0, 1.0, 0.0)
            elif LINEAR:
                value = 0.5 - 0.5 * z
            else:
                t = -z * inverse_tau
                if LIMITED:
                    t = tl.minimum(tl.maximum(t, -limit), limit)
                value = tl.sigmoid(t)
                if LIMITED:
                    value = 0.5 + gain * (value - 0.5)
            tl.store(out + column, value.to(y.dtype.element_ty), live & (column < y_stride))


@triton.jit(do_not_specialize=["limit", "gain", "key0", "key1"])
def backward_kernel(
    x: tl.tensor,
    fanins: tl.tensor,
    theta: tl.tensor,
    tau: tl.tensor,
    limit: tl.tensor,
    gain: tl.tensor,
    key0: tl.tensor,
    key1: tl.tensor,
    grad_y: tl.tensor,
    grad_theta: tl.tensor,
    grad_x: tl.tensor,
    edges: tl.tensor,
    tables: tl.tensor,
    run: tl.tensor,
    batch: tl.tensor,
    first: tl.tensor,
    last: tl.tensor,
    readable: tl.tensor,
    grad_readable: tl.tensor,
    x_stride: tl.tensor,
    grad_y_stride: tl.tensor,
    grad_x_stride: tl.tensor,
    edge_stride: tl.tensor,
    part_runs: tl.tensor,
    part_columns: tl.tensor,
    K: tl.constexpr,
    LINEAR: tl.constexpr,
    NOISY: tl.constexpr,
    LIMITED: tl.constexpr,
    ADD_TO_X: tl.constexpr,
    KEEP_EDGES: tl.constexpr,
    BLOCK_T: tl.constexpr,
    BLOCK_B: tl.constexpr,
) -> None:
    """Gradients of one part of columns `first` to `last`.

    Sums for the coefficients go to `grad_theta[part]`, gradients of the nodes' inputs to `edges` `[nodes * K, last -
    first]`, or onto `grad_x` by atomic additions.

    Everything is computed anew from x. With activations of `a` bytes (4, or 2 in bf16), a sample of a node moves `a`
    for x (once from memory, K times from the L2 cache), `a` for grad_y and `a` for grad_x. To read y back would add `a`
    (`2 a` where y is handed on rounded, which loses it) and spare a sigmoid, whose polynomial is needed all the same;
    to read the monomials back would add `4 * 2**K` bytes. An H200 multiplies 6 times while it moves a byte.
    """
    table = tl.program_id(0) * BLOCK_T + tl.arange(0, BLOCK_T)[:, None]
    live = table < tables
    first_run, first_column = tl.program_id(1) * part_runs, first + tl.program_id(2) * part_columns
    coefficients = _coefficients(theta, table, live, K)
    inverse_tau = 1.0 / scalar(tau)
    sums = ()
    for _ in tl.static_range(1 << K):
        sums = sums + (tl.zeros((BLOCK_T, BLOCK_B), tl.float32),)
    for r in range(first_run, min(first_run + part_runs, run)):
        node = table * run + r
        rows = _gathered(x, fanins, node, live, x_stride, K)
        if ADD_TO_X:
            targets = _gathered(grad_x, fanins, node, live, grad_x_stride, K)
        grad_row = grad_y + node.to(tl.int64) * grad_y_stride
        edge_row = edges + node.to(tl.int64) * K * edge_stride - first
        for start in range(first_column, min(first_column + part_columns, last), BLOCK_B):
            column = start + tl.arange(0, BLOCK_B)[None, :]
            valid = column < batch
            s = _finite(_signs(rows, column, live & (column < readable), K), valid, K)
            grad_z = tl.load(grad_row + column, live & (column < grad_readable), 0).to(tl.float32)
            levels = (coefficients,)
            for j in tl.static_range(K):
                levels = levels + (_folded(levels[j], s[K - 1 - j], K - 1 - j),)
            if LINEAR:
                grad_z *= -0.5
            else:
                z = levels[K][0]
                if NOISY:
                    z -= logistic(scalar(key0), scalar(key1), node, column)
                t = -z * inverse_tau
                if LIMITED:
                    t = tl.minimum(tl.maximum(t, -limit), limit)
                    grad_z *= gain
                p = tl.sigmoid(t)
                grad_z *= -inverse_tau * p * (1.0 - p)
            g = (tl.where(valid, grad_z, 0.0),)
            for j in tl.static_range(K):
                edge = -2.0 * _slope(g, levels[K - 1 - j], j)
                if KEEP_EDGES:
                    place = edge_row + j * edge_stride + column
                    tl.store(place, edge.to(edges.dtype.element_ty), live & (column - first < edge_stride))
                if ADD_TO_X:
                    tl.atomic_add(targets[j] + column, edge, live & (column < grad_x_stride), sem="relaxed")
                for i in tl.static_range(1 << j):
                    g = g + (g[i] * s[j],)
            added = ()
            for i in tl.static_range(1 << K):
                added = added + (sums[i] + g[i],)
            sums = added
    part = tl.program_id(2) * tl.num_programs(1) + tl.program_id(1)
    place = grad_theta + ((part.to(tl.int64) * tables + table) << K) + tl.arange(0, 1 << K)[None, :]
    tl.store(place, tl.reshape(_joined(sums, K, 0), (BLOCK_T, 1 << K)), live)
