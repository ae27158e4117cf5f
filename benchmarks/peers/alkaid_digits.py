"""alkaid's Verilog of a small quantised network on scikit-learn's digits, for `benchmarks.timing`.

python -m benchmarks.peers.alkaid_digits OUT.v [--units 16] [--weight-bits 2] [--bits 3] [--cutoff 2] [--seed 2]

alkaid must be importable. A network of one hidden layer is trained by scikit-learn on words of four bits; its weights
are rounded to so many fractional bits, and its hidden values to so many bits. alkaid traces it and cuts it into stages
of a latency of `--cutoff` adders. What it writes ends in ten sums: there is no arg max. Prints accuracy and latency as
JSON; the accuracy is that of the traced logic.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neural_network import MLPClassifier

from warp2hdl.data import load

FEATURE_BITS = 4
TOP = "network"


def to_words(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Pixels of 0 to 16 -> words of four bits as fractions of 1."""
    top = 1 << FEATURE_BITS
    return np.round(x * (top - 1) / 16) / top


def traced(model: MLPClassifier, weight_bits: int, bits: int) -> Any:  # noqa: ANN401
    """The quantised network as alkaid's logic."""
    from alkaid.trace import FVArrayInput, HWConfig, trace  # type: ignore[import-not-found]
    from alkaid.trace.ops import quantize, relu  # type: ignore[import-not-found]

    step = 2.0**weight_bits
    weights = [np.round(w * step) / step for w in model.coefs_]
    biases = [np.round(b * step) / step for b in model.intercepts_]
    inputs = FVArrayInput((model.n_features_in_,), hwconf=HWConfig(1, -1, -1))
    words = quantize(inputs, 0, 0, FEATURE_BITS)
    hidden = relu(words @ weights[0] + biases[0])
    # Two bits in front of the point: values saturate at 4.
    hidden = quantize(hidden, 0, 2, bits - 2, overflow_mode="SAT", round_mode="RND")
    return trace(inputs, hidden @ weights[1] + biases[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--units", type=int, default=16)
    parser.add_argument("--weight-bits", type=int, default=2)
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--cutoff", type=float, default=2)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    from alkaid.codegen import RTLModel  # type: ignore[import-not-found]

    data = load("digits", seed=options.seed)
    model = MLPClassifier((options.units,), alpha=0.03, max_iter=2000, random_state=options.seed)
    model.fit(to_words(data.x_train), data.y_train)
    logic = traced(model, options.weight_bits, options.bits)
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()):
            found = RTLModel(logic, folder, TOP, latency_cutoff=options.cutoff)
            found.write()
        files = sorted(Path(folder, "src").rglob("*.v"))
        texts = [path.read_text() for path in files if not path.stem.endswith("_wrapper")]
    options.out.write_text(re.sub(r"`timescale.*", "", "\n".join(texts)))
    result = {
        f"{part}_accuracy": float((logic.predict(to_words(x)).argmax(axis=1) == y).mean())
        for part, x, y in (("val", data.x_val, data.y_val), ("test", data.x_test, data.y_test))
    }
    print(json.dumps(result | {"latency_cycles": found.latency, "cost": float(logic.cost)}))


if __name__ == "__main__":
    main()
