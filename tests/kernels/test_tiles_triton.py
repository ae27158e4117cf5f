import pytest
import torch

from warp2hdl.kernels import tiles_triton
from warp2hdl.kernels.tiles_triton import Tile, cached_columns, cut, fitting_tables, readable_columns


@pytest.mark.parametrize("tables", [1, 10, 8000])
@pytest.mark.parametrize("run", [1, 7, 900])
@pytest.mark.parametrize("columns", [1, 100, 1000])
def test_parts_cover_all_nodes_and_columns_and_none_is_empty(tables, run, columns):
    parts = cut(Tile(16, 32), tables, run, columns, 256, programs=1056)
    assert (parts.runs - 1) * parts.part_runs < run <= parts.runs * parts.part_runs
    assert (parts.columns - 1) * parts.part_columns < columns <= parts.columns * parts.part_columns
    assert parts.part_columns % 32 == 0 and parts.part_columns <= 256
    assert max(parts.runs, parts.columns) < 65536  # the grid's limit


def test_many_tables_are_not_cut_apart_and_few_are():
    assert cut(Tile(16, 32), 64_000, 1, 100, 4096, programs=396) == (1, 128, 1, 1)
    few = cut(Tile(16, 32), 16, 576, 100, 4096, programs=396)
    assert few.runs * few.columns >= 396


def test_fewer_tables_than_a_tile_has_rows_make_it_longer():
    assert fitting_tables(Tile(16, 32), 8000) == (16, 32)
    assert fitting_tables(Tile(16, 32), 5) == (8, 64)
    assert fitting_tables(Tile(16, 32), 1) == (1, 512)


def test_columns_in_work_fit_the_cache_but_are_not_too_few():
    assert cached_columns(8 * 8000, 2, 100) == 128
    assert cached_columns(8 * 64_000, 2, 1000) * 8 * 64_000 <= tiles_triton.CACHE_BYTES
    assert cached_columns(1 << 30, 2, 1000) == 64
    assert cached_columns(1 << 30, 6, 1000) == 256


def test_padding_is_read_only_where_every_row_has_it():
    assert readable_columns(tiles_triton.empty_rows(3, 5, torch.float32, torch.device("cpu"))) == 16
    assert readable_columns(torch.empty(3, 5)) == 5
    assert readable_columns(torch.empty(3, 32)[:, 16:21]) == 16
    assert readable_columns(torch.empty(3 * 16 - 1).as_strided((3, 5), (16, 1))) == 5
    assert readable_columns(torch.empty(16).expand(3, 16)[:, :5]) == 5
