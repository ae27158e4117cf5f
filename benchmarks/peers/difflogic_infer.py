"""difflogic's compiled network: builds one of random gates and saves it, or measures one that was built.

python -m benchmarks.peers.difflogic_infer build FOLDER --inputs 400 --layers 8000,8000 --opt-level 1
python -m benchmarks.peers.difflogic_infer measure FOLDER --images 65536 --seconds 2

`build` writes the compiled library, the network (`network.npz`: of each layer the two fan-ins and the gate) and the
compiler's seconds into the folder; `measure` prints a line of JSON. Bytes of 0 and 1 go in, classes come out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import itertools
import json
import sys
import time
import types
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

# As in `difflogic_step`: CUDA is imported and not called.
try:
    importlib.import_module("difflogic_cuda")
except ImportError:
    sys.modules["difflogic_cuda"] = types.ModuleType("difflogic_cuda")

from difflogic import CompiledLogicNet, GroupSum, LogicLayer  # type: ignore[import-not-found]

BITS = 64
LIBRARY, NETWORK, FACTS = "network.so", "network.npz", "facts.json"


def build(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    widths = [options.inputs, *map(int, options.layers.split(","))]
    layers = [LogicLayer(*pair, device="cpu", implementation="python") for pair in itertools.pairwise(widths)]
    model = torch.nn.Sequential(*layers, GroupSum(options.classes))
    arrays = {}
    for number, layer in enumerate(layers):
        arrays[f"a{number}"], arrays[f"b{number}"] = (each.numpy().astype(np.int32) for each in layer.indices)
        arrays[f"gate{number}"] = layer.weights.argmax(1).numpy().astype(np.uint8)
    options.folder.mkdir(parents=True, exist_ok=True)
    np.savez(options.folder / NETWORK, **arrays)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        compiled = CompiledLogicNet(model, num_bits=BITS, cpu_compiler="gcc")
        compiled.compile(opt_level=options.opt_level, save_lib_path=str(options.folder / LIBRARY))
    facts = {
        "setup_seconds": round(time.perf_counter() - start, 1),
        "opt_level": options.opt_level,
        "bits": BITS,
        "inputs": options.inputs,
        "layers": widths[1:],
        "classes": options.classes,
        "versions": {"difflogic": version("difflogic"), "torch": version("torch")},
    }
    (options.folder / FACTS).write_text(json.dumps(facts) + "\n", encoding="utf-8")


def measure(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    facts = json.loads((options.folder / FACTS).read_text(encoding="utf-8"))
    net = CompiledLogicNet.load(str((options.folder / LIBRARY).resolve()), facts["classes"], BITS)
    images = np.load(options.folder / "images.npy")[: options.images].view(np.bool_)
    classes = net.forward(images).argmax(1)
    if options.classes_out:
        np.save(options.classes_out, classes.numpy())
    best = float("inf")
    stop = time.perf_counter() + options.seconds
    while time.perf_counter() < stop:
        start = time.thread_time()
        net.forward(images).argmax(1)
        best = min(best, time.thread_time() - start)
    print(json.dumps(facts | {"images": len(images), "images_per_second": round(len(images) / best)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("build", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=400)
    parser.add_argument("--layers", default=",".join(6 * ["8000"]))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--opt-level", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, default=1 << 16)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--classes-out", type=Path, help="a .npy for the classes")
    options = parser.parse_args()
    (build if options.action == "build" else measure)(options)


if __name__ == "__main__":
    main()
