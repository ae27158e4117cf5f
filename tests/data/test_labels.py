import numpy as np
import pytest

from warp2hdl.data.labels import array_class_ids, class_ids, label_texts, sorted_names
from warp2hdl.errors import DataError


def test_numbers_sort_as_numbers_and_texts_as_texts() -> None:
    assert sorted_names(["10", "9", "10", "-1"]) == ("-1", "9", "10")
    assert sorted_names(["b", "10", "9"]) == ("10", "9", "b")


def test_unknown_labels_are_minus_one() -> None:
    assert class_ids(["b", "c", "a"], ["a", "b"]).tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (np.array([1, 0], np.uint8), ["1", "0"]),
        (np.array([1.0, -2.0]), ["1", "-2"]),
        (np.array([True, False]), ["1", "0"]),
        (np.array(["x", "yy"]), ["x", "yy"]),
    ],
)
def test_labels_of_any_plain_type(values: np.ndarray, texts: list[str]) -> None:
    assert label_texts(values, "here") == texts


@pytest.mark.parametrize("values", [np.array([0.5]), np.array([np.nan]), np.array([1j]), np.zeros((2, 2))])
def test_other_labels_are_refused(values: np.ndarray) -> None:
    with pytest.raises(DataError, match="here"):
        label_texts(values, "here")


def test_numbers_are_names_first_and_places_else() -> None:
    assert array_class_ids(np.array([5, 3]), ("3", "5"), "y").tolist() == [1, 0]
    assert array_class_ids(np.array([1, 0]), ("cat", "dog"), "y").tolist() == [1, 0]
    with pytest.raises(DataError, match="y: the label '2' of sample 1 is none of the 2 classes"):
        array_class_ids(np.array([1, 2]), ("cat", "dog"), "y")
    with pytest.raises(DataError, match="'cow' of sample 0"):
        array_class_ids(np.array(["cow"]), ("cat", "dog"), "y")
