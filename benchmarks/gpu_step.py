"""One training step on a CUDA GPU, timed by its events, captured in a graph where that can be done.

python -m benchmarks.gpu_step --contestant warp2hdl --arity 2 [--nodes 8000] [--batch 100]

Prints JSON. `benchmarks.gpu` runs it for every figure in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.machine import installed_versions

CLASSES = 10
GROUP_TAU = 30.0
BATCHES = 8
INPUTS = 784
LAYERS = 6
OURS = ("warp2hdl", "warp2hdl, deterministic", "warp2hdl, bfloat16", "warp2hdl, bfloat16, deterministic")
PEERS = ("torchlogix, compiled", "difflogic")


class Layers(torch.nn.Module):
    """Walsh layers on randomly wired, balanced inputs, and the sums of groups: bits `[inputs, batch]` -> scores.

    Args:
        nodes: of each layer.
        arity: inputs of a node.
        dtype: of what the layers hand on.
        deterministic: whether gradients are summed without atomic additions.
    """

    def __init__(self, nodes: int, arity: int, dtype: torch.dtype, deterministic: bool) -> None:
        super().__init__()
        self.dtype, self.deterministic = dtype, deterministic
        self.theta = torch.nn.ParameterList()
        self.fanins = []
        for inputs in (INPUTS, *[nodes] * (LAYERS - 1)):
            rounds = -(-nodes * arity // inputs)
            wires = torch.cat([torch.randperm(inputs) for _ in range(rounds)])[: nodes * arity]
            self.fanins.append(wires.view(nodes, arity).to(torch.int32).cuda())
            theta = 0.1 * torch.randn(nodes, 1 << arity)
            theta[:, 1] += 2
            self.theta.append(theta.cuda())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores float32 `[batch, classes]`."""
        from warp2hdl.kernels.layer_triton import walsh_layer

        for fanins, theta in zip(self.fanins, self.theta, strict=True):
            x = walsh_layer(x, fanins, theta, 1.0, deterministic=self.deterministic, out_dtype=self.dtype)
        return x.unflatten(0, (CLASSES, -1)).sum(1, dtype=torch.float32).T / GROUP_TAU


def build(contestant: str, nodes: int, arity: int) -> tuple[torch.nn.Module, Callable[[torch.Tensor], torch.Tensor]]:
    """A network, and what makes its input of bits `[batch, inputs]`."""
    widths = [(INPUTS, nodes), *[(nodes, nodes)] * (LAYERS - 1)]
    if contestant in OURS:
        dtype = torch.bfloat16 if "bfloat16" in contestant else torch.float32
        return Layers(nodes, arity, dtype, "deterministic" in contestant), lambda bits: bits.T.contiguous()
    if contestant == "difflogic":
        from difflogic import GroupSum, LogicLayer  # type: ignore[import-not-found]

        layers = [LogicLayer(*width, device="cuda", implementation="cuda") for width in widths]
        return torch.nn.Sequential(*layers, GroupSum(CLASSES, GROUP_TAU)).cuda(), torch.Tensor.float
    from benchmarks.peers.torchlogix_step import GroupSum, LogicDense

    kind = {"parametrization": "warp", "parametrization_kwargs": {"forward_sampling": "soft"}, "device": "cuda"}
    dense = [LogicDense(*width, lut_rank=arity, **kind) for width in widths]
    model = torch.nn.Sequential(*dense, GroupSum(CLASSES, GROUP_TAU)).cuda()
    compiled: torch.nn.Module = torch.compile(model)
    return compiled, torch.Tensor.float


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """The step as a graph that is replayed."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds a step: the median of the blocks, and the least and the greatest."""
    torch.manual_seed(0)
    model, convert = build(options.contestant, options.nodes, options.arity)
    adam = torch.optim.Adam(model.parameters(), lr=0.01, fused=True, capturable=True)
    bits = torch.randint(2, (BATCHES, options.batch, INPUTS), dtype=torch.uint8, device="cuda")
    data = [convert(batch) for batch in bits]
    labels = torch.randint(CLASSES, (BATCHES, options.batch), device="cuda")
    x, label = data[0].clone(), labels[0].clone()

    def step() -> None:
        adam.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x), label).backward()
        adam.step()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    run = captured(step) if options.graph else step
    blocks = [_block(run, x, label, data, labels, options.steps) for _ in range(options.blocks + 1)][1:]
    return {
        "ms_per_step": statistics.median(blocks),
        "ms_range": [min(blocks), max(blocks)],
        "peak_mib": torch.cuda.max_memory_allocated() / (1 << 20),
    }


def _block(
    run: Callable[[], None],
    x: torch.Tensor,
    label: torch.Tensor,
    data: list[torch.Tensor],
    labels: torch.Tensor,
    steps: int,
) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for i in range(steps):
        x.copy_(data[i % BATCHES])
        label.copy_(labels[i % BATCHES])
        run()
    end.record()
    torch.cuda.synchronize()
    return float(start.elapsed_time(end)) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contestant", choices=(*OURS, *PEERS), default=OURS[0])
    parser.add_argument("--nodes", type=int, default=8000)
    parser.add_argument("--arity", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--steps", type=int, default=50, help="steps a block")
    parser.add_argument("--blocks", type=int, default=7)
    parser.add_argument("--graph", action="store_true", help="capture the step and replay it")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("benchmarks.gpu_step needs a CUDA GPU, and torch finds none here.", file=sys.stderr)
        sys.exit(3)
    versions = installed_versions("torch", "triton", "torchlogix", "difflogic")
    print(json.dumps(measure(options) | {"versions": versions}))


if __name__ == "__main__":
    main()
