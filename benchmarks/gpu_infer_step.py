"""One way to classify on a CUDA GPU, timed by its events.

python -m benchmarks.gpu_infer_step --contestant "warp2hdl engine" --inputs 400 --nodes 8000 [--images 262144]

Prints JSON. `benchmarks.gpu_infer` runs it for every figure in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.machine import installed_versions

CLASSES, LAYERS = 10, 6
OURS = ("warp2hdl engine", "warp2hdl engine, from the host", "warp2hdl PackBitsTensor")
PEERS = ("difflogic PackBitsTensor",)


def widths(inputs: int, nodes: int) -> list[tuple[int, int]]:
    """Inputs and nodes of each layer."""
    return [(inputs, nodes), *[(nodes, nodes)] * (LAYERS - 1)]


def build(contestant: str, inputs: int, nodes: int, device: str) -> Callable[[torch.Tensor], Any]:
    """What makes scores or classes of bits bool `[images, inputs]` on the device."""
    if contestant in PEERS:
        from difflogic import GroupSum, LogicLayer, PackBitsTensor  # type: ignore[import-not-found]

        layers = [LogicLayer(*width, device="cuda", implementation="cuda") for width in widths(inputs, nodes)]
        model = torch.nn.Sequential(*layers, GroupSum(CLASSES)).cuda().eval()
        return lambda bits: model(PackBitsTensor(bits, device="cuda"))
    from warp2hdl import nn

    ours = [nn.LogicLayer(*width, relaxation="difflogic", initial="random") for width in widths(inputs, nodes)]
    network = torch.nn.Sequential(*ours, nn.GroupSum(CLASSES)).eval()
    if "PackBitsTensor" in contestant:
        network.to(device)
        return lambda bits: network(nn.PackBitsTensor(bits))
    from warp2hdl.difflogic import CompiledLogicNet
    from warp2hdl.engines.gpu import TritonEngine

    engine = TritonEngine(CompiledLogicNet(network).circuit, torch.device(device))
    if "host" in contestant:
        return lambda bits: engine.predict(bits.numpy())
    return lambda bits: engine.evaluate(bits.view(torch.uint8))


def measure(options: argparse.Namespace, device: str = "cuda") -> dict[str, Any]:
    """Images a second, the median of the rounds, and how long all took to be made ready with the first call."""
    torch.manual_seed(0)
    start = time.perf_counter()
    classify = build(options.contestant, options.inputs, options.nodes, device)
    place = "cpu" if "host" in options.contestant else device
    bits = torch.randint(2, (options.images, options.inputs), dtype=torch.bool, device=place)
    found = classify(bits)
    assert len(found) == options.images
    setup = time.perf_counter() - start
    seconds = [_seconds(lambda: classify(bits), device) for _ in range(options.rounds)]
    return {
        "images_per_second": options.images / statistics.median(seconds),
        "images_per_second_range": [options.images / max(seconds), options.images / min(seconds)],
        "setup_seconds": setup,
    }


def _seconds(run: Callable[[], Any], device: str) -> float:
    if device != "cuda":
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    first.record()
    run()
    last.record()
    torch.cuda.synchronize()
    return float(first.elapsed_time(last)) / 1000


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contestant", choices=(*OURS, *PEERS), default=OURS[0])
    parser.add_argument("--inputs", type=int, default=400)
    parser.add_argument("--nodes", type=int, default=8000)
    parser.add_argument("--images", type=int, default=1 << 18)
    parser.add_argument("--rounds", type=int, default=21)
    return parser.parse_args()


def main() -> None:
    options = parse()
    if not torch.cuda.is_available():
        print("benchmarks.gpu_infer_step needs a CUDA GPU, and torch finds none here.", file=sys.stderr)
        sys.exit(3)
    versions = installed_versions("torch", "triton", "difflogic")
    print(json.dumps(measure(options) | {"versions": versions}))


if __name__ == "__main__":
    main()
