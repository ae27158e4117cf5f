"""What breast-cancer lets anybody learn: classifiers of scikit-learn on the splits of our table, and on others.

python -m benchmarks.breast_cancer_limit --data FOLDER

Three kinds of test rows: the ten splits of `benchmarks.accuracy_uci breast-cancer`, forty others drawn at random, and
difflogic's one split of the complete rows. All rows that do not test train. No setting was chosen by these figures.
Writes benchmarks/results/breast-cancer-limit.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from benchmarks.difflogic_split import load_breast_cancer
from benchmarks.machine import describe_machine
from warp2hdl.data import Dataset, load
from warp2hdl.files import staged_file

SPLITS = 10
OTHER_SPLITS = 40


def _scaled(classifier: ClassifierMixin) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), classifier)


CLASSIFIERS: dict[str, ClassifierMixin] = {
    "logistic regression, C = 0.1": _scaled(LogisticRegression(C=0.1)),
    "logistic regression, C = 0.01": _scaled(LogisticRegression(C=0.01)),
    "naive Bayes": BernoulliNB(),
    "support vectors, C = 1": _scaled(SVC(C=1.0)),
    "support vectors, C = 0.5, gamma = 0.02": _scaled(SVC(C=0.5, gamma=0.02)),
    "15 nearest neighbours": _scaled(KNeighborsClassifier(15)),
    "decision tree, depth 2": DecisionTreeClassifier(max_depth=2, random_state=0),
    "decision tree, depth 3": DecisionTreeClassifier(max_depth=3, random_state=0),
    "random forest": RandomForestClassifier(500, min_samples_leaf=3, random_state=0),
    "extremely random trees": ExtraTreesClassifier(500, min_samples_leaf=3, random_state=0),
    "boosted trees of depth 2": GradientBoostingClassifier(n_estimators=50, max_depth=2, random_state=0),
}


def _test_accuracy(classifier: ClassifierMixin, dataset: Dataset) -> float:
    x, y = np.concatenate([dataset.x_train, dataset.x_val]), np.concatenate([dataset.y_train, dataset.y_val])
    return float(classifier.fit(x, y).score(dataset.x_test, dataset.y_test))


def _of(accuracies: list[float]) -> dict[str, float]:
    return {"mean": round(float(np.mean(accuracies)), 4), "deviation": round(float(np.std(accuracies)), 4)}


def measure(folder: Path, classifier: ClassifierMixin) -> dict[str, Any]:
    """Accuracies (shares, 0 to 1) of one classifier on the three kinds of test rows."""
    splits = [load("breast-cancer", data=folder, seed=seed) for seed in range(SPLITS)]
    first = splits[0]
    x = np.concatenate([first.x_train, first.x_val, first.x_test])
    y = np.concatenate([first.y_train, first.y_val, first.y_test])
    others = StratifiedShuffleSplit(OTHER_SPLITS, test_size=len(first.y_test), random_state=1)
    return {
        "table_splits": _of([_test_accuracy(classifier, split) for split in splits]),
        "other_splits": _of(list(cross_val_score(classifier, x, y, cv=others))),
        "difflogic_split": round(_test_accuracy(classifier, load_breast_cancer(folder, 0)), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    found = {}
    for name, classifier in CLASSIFIERS.items():
        found[name] = measure(options.data, classifier)
        print(name, found[name], file=sys.stderr)
    result = describe_machine("scikit-learn") | {"splits": SPLITS, "other_splits": OTHER_SPLITS, "classifiers": found}
    with staged_file(Path("benchmarks/results/breast-cancer-limit.json")) as path:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
