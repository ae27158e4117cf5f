"""How a layer's work is cut into programs, and the rows that they read and write. Numbers only: nothing is launched."""

from __future__ import annotations

from typing import NamedTuple

import torch

COLUMNS = 16
"""Rows of results are padded to a multiple of this many samples, so that each starts where 16 bytes may be read."""

FORWARD_PROGRAMS = 132 * 8
"""Programs of 4 warps that keep an H200 busy."""

BACKWARD_PROGRAMS = 132 * 3
"""The same where each part brings sums that are to be added. Fixed, so that they round alike on every card."""

CACHE_BYTES = 32 << 20
"""What of an H200's 50 MB L2 cache the columns in work may take."""


class Tile(NamedTuple):
    """Shape of a program's tiles, for 4 warps.

    Attributes:
        tables: rows, each with its own coefficients.
        columns: samples.
    """

    tables: int
    columns: int


class Parts(NamedTuple):
    """The grid over a layer's samples: `runs * columns` parts.

    Attributes:
        part_runs: nodes of a table that one part covers.
        part_columns: columns that one part covers.
        runs: parts that share a table's nodes.
        columns: parts that share the columns.
    """

    part_runs: int
    part_columns: int
    runs: int
    columns: int


def aligned(columns: int, to: int = COLUMNS) -> int:
    """The least multiple of `to` that is not under `columns`."""
    return -(-columns // to) * to


def forward_tile(k: int) -> Tile:
    """Four samples a thread: a read of 16 bytes, and a coefficient's register serves four."""
    return Tile(16, 32)


def backward_tile(k: int) -> Tile:
    """As many samples a thread as the 2**k sums of each leave registers for."""
    return Tile(16, 32) if k <= 3 else Tile(16, 16) if k == 4 else Tile(8, 16)


def fitting_tables(tile: Tile, tables: int) -> Tile:
    """A tile with no more rows than there are tables, and longer rows for it."""
    while tile.tables >= 2 * max(tables, 1) and tile.tables > 1:
        tile = Tile(tile.tables // 2, tile.columns * 2)
    return tile


def cut(tile: Tile, tables: int, run: int, columns: int, longest: int, programs: int) -> Parts:
    """Cuts nodes of the same table and then columns apart until there are enough programs.

    Args:
        tile: of each program.
        tables: all tables.
        run: nodes that share a table.
        columns: samples to cover.
        longest: columns that a part may cover.
        programs: how many are enough.
    """
    wanted = -(-programs // -(-tables // tile.tables))
    part_runs = -(-run // min(run, wanted))
    runs = -(-run // part_runs)
    part_columns = aligned(-(-columns // -(-wanted // runs)), tile.columns)
    part_columns = min(part_columns, aligned(longest, tile.columns))
    return Parts(part_runs, part_columns, runs, -(-columns // part_columns))


def cached_columns(bytes_a_column: int, k: int, batch: int) -> int:
    """Columns to take on together so that a row that several nodes read comes from memory once.

    No fewer than make up for the 8 * 2**k bytes of a node's sums that each further part of the batch writes and reads.
    """
    columns = max(CACHE_BYTES // max(bytes_a_column, 1) // 64 * 64, 64, 4 << k)
    return min(columns, aligned(batch, 64))


def empty_rows(rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Uninitialised `[rows, columns]` with padded rows."""
    return torch.empty(rows, aligned(columns), dtype=dtype, device=device)[:, :columns]


def padded(rows: torch.Tensor) -> torch.Tensor:
    """The same values `[rows, columns]` with neighbouring samples side by side; a copy only where they are not."""
    if rows.stride(1) == 1 or rows.shape[1] == 1:
        return rows
    copy = empty_rows(rows.shape[0], rows.shape[1], rows.dtype, rows.device)
    return copy.copy_(rows)


def readable_columns(rows: torch.Tensor) -> int:
    """How many columns from each row's start may be read: with the padding if all rows have it, else just `columns`."""
    count, columns = rows.shape
    stride, whole = rows.stride(0), aligned(columns)
    end = rows.storage_offset() + (count - 1) * stride + whole
    has_padding = stride >= whole and stride % COLUMNS == 0
    return whole if has_padding and end * rows.element_size() <= rows.untyped_storage().nbytes() else columns
