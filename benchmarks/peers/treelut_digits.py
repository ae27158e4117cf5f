"""TreeLUT's Verilog of scikit-learn's digits, between registers, for `benchmarks.timing`.

python -m benchmarks.peers.treelut_digits TREELUT OUT.v [--trees 10] [--depth 3] [--seed 2] [--arg-max]

TREELUT is a checkout of TreeLUT (github.com/kiabuzz/TreeLUT); xgboost must be importable. Boosted trees are trained and
converted as its example does it, with the split of `warp2hdl.data`, and written with its registers behind trees and
adders. What it writes ends in scores; `--arg-max` adds the arg max of its test bench, a cycle behind them. Prints
accuracy and latency as JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warp2hdl.data import load

FEATURE_BITS, LEAF_BITS, PIPELINE = 4, 3, (0, 1, 1)

SCORES = """module wrapped(input clk, input [{i}:0] i, output reg [{o}:0] o);
  reg [{i}:0] held;
  wire [{o}:0] found;
  TreeLUT core(.clk(clk), .i(held), .o(found));
  always @(posedge clk) begin
    held <= i;
    o <= found;
  end
endmodule
"""
CLASS = """module wrapped(input clk, input [{i}:0] i, output reg [3:0] o);
  reg [{i}:0] held;
  reg [{o}:0] scores;
  wire [{o}:0] found;
  wire [3:0] best;
  TreeLUT core(.clk(clk), .i(held), .o(found));
  argmax last(.i(scores), .o(best));
  always @(posedge clk) begin
    held <= i;
    scores <= found;
    o <= best;
  end
endmodule
"""


def to_words(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Pixels of 0 to 16 -> words of four bits."""
    return np.round(x * ((1 << FEATURE_BITS) - 1) / 16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("treelut", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trees", type=int, default=10)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--arg-max", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, str(options.treelut / "src"))
    from treelut import TreeLUTClassifier  # type: ignore[import-not-found]
    from xgboost import XGBClassifier  # type: ignore[import-not-found]

    data = load("digits", seed=options.seed)
    model = XGBClassifier(
        objective="multi:softmax", num_class=10, n_estimators=options.trees, max_depth=options.depth, eta=0.8
    )
    model.fit(to_words(data.x_train), data.y_train)
    with tempfile.TemporaryDirectory() as folder:
        found = TreeLUTClassifier(model, FEATURE_BITS, LEAF_BITS, list(PIPELINE), folder)
        found.convert()
        found.verilog()
        text = "\n".join(path.read_text() for path in sorted(Path(folder).rglob("*.v")))
        found.testbench(data.x_val[:1], data.y_val[:1])
        _, _, arg_max = next(Path(folder).rglob("testbench.v")).read_text().partition("\n\nmodule argmax(")
    # It leaves this module of registers open.
    text = text.replace("data_out <= data_in;\nend\n\nendmodule", "data_out <= data_in;\nend\nendmodule")
    widths = re.search(r"module TreeLUT\(input wire clk, input wire \[(\d+):0\] i, output wire \[(\d+):0\] o\)", text)
    if widths is None:
        sys.exit("TreeLUT wrote another module than it did.")
    wrapper = (CLASS if options.arg_max else SCORES).format(i=widths[1], o=widths[2])
    options.out.write_text(f"{text}\nmodule argmax({arg_max}\n{wrapper}")
    result = {
        f"{part}_accuracy": float((found.predict(to_words(x)) == y).mean())
        for part, x, y in (("val", data.x_val, data.y_val), ("test", data.x_test, data.y_test))
    }
    latency_cycles = sum(PIPELINE) + 1 + options.arg_max
    print(json.dumps(result | {"latency_cycles": latency_cycles, "trees": options.trees, "depth": options.depth}))


if __name__ == "__main__":
    main()
