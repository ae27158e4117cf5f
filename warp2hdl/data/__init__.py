"""Data sets: features, labels and splits, and how raw input becomes features."""

from warp2hdl.data.dataset import Dataset
from warp2hdl.data.inputs import Part, load_inputs, stream_inputs
from warp2hdl.data.loading import NAMES, load
from warp2hdl.data.schema import ArraySchema, Column, Schema, TableSchema, schema_from_json

__all__ = [
    "NAMES",
    "ArraySchema",
    "Column",
    "Dataset",
    "Part",
    "Schema",
    "TableSchema",
    "load",
    "load_inputs",
    "schema_from_json",
    "stream_inputs",
]
