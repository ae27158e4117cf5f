"""A training step of difflogic on the CPU, which is its Python implementation; arity 2 alone.

python -m benchmarks.peers.difflogic_step

difflogic imports its CUDA extension wherever it runs. Where that is not built, an empty module takes its place: the
Python implementation never calls it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import types

import torch

from benchmarks.peers import training

NOTES = ""
try:
    importlib.import_module("difflogic_cuda")
except ImportError:
    NOTES = "without the CUDA extension"
    sys.modules["difflogic_cuda"] = types.ModuleType("difflogic_cuda")

from difflogic import GroupSum, LogicLayer  # type: ignore[import-not-found]  # noqa: E402


class Silent(torch.nn.Sequential):
    """difflogic 0.1.0 prints two lines a layer in every step."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """As its base, with nothing printed."""
        with contextlib.redirect_stdout(io.StringIO()):
            output: torch.Tensor = super().forward(input)
        return output


def main() -> None:
    chosen = training.options(__doc__).parse_args()
    if chosen.arity != 2:
        sys.exit(f"difflogic has no nodes of {chosen.arity} inputs")

    def build() -> torch.nn.Module:
        layers = [LogicLayer(*width, device="cpu", implementation="python") for width in training.widths(chosen)]
        return Silent(*layers, GroupSum(chosen.classes, training.GROUP_TAU))

    training.measure(chosen, build, ("torch", "difflogic"), NOTES)


if __name__ == "__main__":
    main()
