"""A training step of torchlogix: WARP nodes, soft sampling, fixed connections.

python -m benchmarks.peers.torchlogix_step --arity 4 [--compile]

torchlogix 0.2.2 needs Python 3.12 for one of its modules, the one that exports circuits; no layer uses that module.
Under 3.11 it is left out, everything else is untouched, and the result's `notes` say so.
"""

from __future__ import annotations

import sys
import types

import torch

from benchmarks.peers import training

NOTES = ""
if sys.version_info < (3, 12):
    NOTES = "on Python 3.11, without torchlogix.circuit"
    circuit = types.ModuleType("torchlogix.circuit")
    circuit.Circuit = None  # type: ignore[attr-defined]
    sys.modules[circuit.__name__] = circuit

from torchlogix.layers import GroupSum, LogicDense  # type: ignore[import-not-found]  # noqa: E402


def main() -> None:
    parser = training.options(__doc__)
    parser.add_argument("--compile", action="store_true", help="the model through torch.compile")
    chosen = parser.parse_args()
    kind = {"parametrization": "warp", "parametrization_kwargs": {"forward_sampling": "soft"}}

    def build() -> torch.nn.Module:
        layers = [LogicDense(*width, lut_rank=chosen.arity, **kind) for width in training.widths(chosen)]
        model = torch.nn.Sequential(*layers, GroupSum(chosen.classes, training.GROUP_TAU))
        compiled: torch.nn.Module = torch.compile(model) if chosen.compile else model
        return compiled

    training.measure(chosen, build, ("torch", "torchlogix"), NOTES)


if __name__ == "__main__":
    main()
