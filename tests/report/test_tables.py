"""Tables for a terminal."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from warp2hdl.report.tables import accuracy_table, confusion, confusion_table, percent


def text(table, width=100):
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue()


def test_percent():
    assert percent(0.97225) == "97.22 %" and percent(1) == "100.00 %" and percent(None) == "-"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_confusion_counts_every_pair(pairs):
    labels, found = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    counts = confusion(labels, found, 4)
    assert all(counts[a, b] == pairs.count((a, b)) for a in range(4) for b in range(4))


def test_accuracies_by_split():
    lines = [line.split() for line in text(accuracy_table({"hard": (0.5, None)}, ("val", "test"))).splitlines()]
    assert ["accuracy", "val", "test"] in lines and ["hard", "50.00", "%", "-"] in lines


def test_few_classes_in_full():
    found = text(confusion_table(np.array([[3, 1], [0, 0]]), ("[red]cat", "dog")))
    rows = [line.split() for line in found.splitlines()]
    assert ["[red]cat", "3", "1", "75.00", "%"] in rows
    assert ["dog", "·", "·", "-"] in rows


def test_many_classes_by_those_that_suffer_most():
    counts = 5 * np.eye(40, dtype=np.int64)
    counts[7, 9], counts[30, 2] = 4, 1
    rows = text(confusion_table(counts, [f"c{i}" for i in range(40)])).splitlines()
    assert rows[3].split() == ["c7", "9", "55.56", "%", "c9", "(4)"]
    assert rows[4].split() == ["c30", "6", "83.33", "%", "c2", "(1)"]
    assert len([row for row in rows if row.split()[:1] and row.split()[0].startswith("c")]) == 10
