"""What the exact passes take off the look-ups that Yosys finds: MNIST networks, each pipeline, everything inside.

python -m benchmarks.passes NAME --data FOLDER [--epochs 2] [--targets generic,xilinx] [--circuit FILE]

Trains a network (or takes its circuit as it was lowered), and per pipeline and target emits it without registers and
scores and has Yosys count. Pipeline `none` is the unoptimised export. Adds to benchmarks/results/passes.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_mnist import NETWORKS
from benchmarks.machine import describe_machine
from warp2hdl import ir, passes, presets
from warp2hdl.backends.verilog import emit
from warp2hdl.data import Dataset, load
from warp2hdl.errors import MismatchError, Warp2HDLError
from warp2hdl.files import staged_file
from warp2hdl.synth.count import count
from warp2hdl.synth.families import FAMILIES
from warp2hdl.synth.mapping import map_to_cells

_DEEP = NETWORKS["multilinear-k2"]
CONFIGS = {
    "preset": presets.PRESETS["mnist"],
    **NETWORKS,
    "multilinear-k2-2000": dataclasses.replace(
        _DEEP, layers=tuple(dataclasses.replace(layer, nodes=2000) for layer in _DEEP.layers)
    ),
}
RESULTS = Path("benchmarks/results/passes.json")
TIMEOUT_SECONDS = 7200


def trained(dataset: Dataset, name: str, epochs: int) -> ir.Circuit:
    """The circuit of a network, as it was lowered."""
    from warp2hdl.lower import lower
    from warp2hdl.train import fit

    config = CONFIGS[name]
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, epochs=epochs, seed=0))
    model = fit(dataset, config, device="cpu", on_epoch=lambda m: print(m.json_line(), end="", file=sys.stderr))
    names = {"feature_names": dataset.feature_names, "class_names": dataset.class_names}
    return lower(model.model, model.encoder, name="mnist", **names)


def synthesised(circuit: ir.Circuit, target: str) -> dict[str, Any]:
    """What is built, and what Yosys makes of it."""
    family, start = FAMILIES["xilinx"], _cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        manifest = emit(circuit, Path(folder, "v"), interface="raw", target=target, with_scores=False)
        emitted = _cpu_seconds()
        sources = [Path(folder, "v", name) for name in manifest.verilog]
        try:
            modules = map_to_cells(
                sources, manifest.top, family, Path(folder, "netlist.json"), timeout_seconds=TIMEOUT_SECONDS
            )
        except Warp2HDLError as error:
            return {"built": manifest.lookups, "failed": str(error)}
    counts = count(modules[manifest.top], family)
    return {
        "built": manifest.lookups,
        "luts": counts.luts,
        "inverters": counts.inverters,
        "muxes": counts.muxes,
        "levels": counts.levels,
        "emit_cpu_seconds": round(emitted - start, 1),
        "yosys_cpu_seconds": round(_cpu_seconds() - emitted, 1),
    }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def measure(raw: ir.Circuit, pipeline: str, targets: list[str], dataset: Dataset) -> dict[str, Any]:
    """One pipeline: what each pass gained, and the look-ups that Yosys finds, by target."""
    start = _cpu_seconds()
    circuit, reports = passes.run(raw, pipeline)
    spent = _cpu_seconds() - start
    words = raw.encoder.to_words(dataset.x_test)
    found = ir.classify(circuit, words)
    if not np.array_equal(found, ir.classify(raw, words)):
        raise MismatchError(f"pipeline {pipeline} changed a class of the test split; please report this.")
    result: dict[str, Any] = {
        "nodes": circuit.network.nodes,
        "depth": circuit.network.depth,
        "comparators": circuit.encoder.bits,
        "votes": len(circuit.network.outputs),
        "test_accuracy": float((found == dataset.y_test).mean()),
        "pass_cpu_seconds": round(spent, 1),
        "passes": passes.gains(reports),
    }
    for target in targets:
        result[target] = synthesised(circuit, target)
        print(pipeline, target, result[target], file=sys.stderr, flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CONFIGS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--targets", default="generic,xilinx")
    parser.add_argument("--pipelines", default="none,default,area,speed")
    parser.add_argument("--circuit", type=Path)
    options = parser.parse_args()
    dataset = load("mnist", data=options.data)
    raw = ir.load(options.circuit) if options.circuit else trained(dataset, options.name, options.epochs)
    about = describe_machine("pyosys") | {"epochs": options.epochs}
    for pipeline in options.pipelines.split(","):
        _store(options.name, about, pipeline, measure(raw, pipeline, options.targets.split(","), dataset))


def _store(name: str, about: dict[str, Any], pipeline: str, found: dict[str, Any]) -> None:
    """Adds a pipeline's figures to what earlier runs measured of the same network."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    pipelines = known.get(name, {}).get("pipelines", {})
    pipelines[pipeline] = pipelines.get(pipeline, {}) | found
    with staged_file(RESULTS) as path:
        path.write_text(json.dumps(known | {name: about | {"pipelines": pipelines}}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
