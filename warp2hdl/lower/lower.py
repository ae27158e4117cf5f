"""Lowers logic layers and a `GroupSum` to a circuit of LUT-k nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from warp2hdl.encode import Encoder
from warp2hdl.errors import LoweringError
from warp2hdl.ir import Circuit, Groups, Metadata, verify
from warp2hdl.lower.layers import LOWERINGS, PASSED_OVER, Lowering
from warp2hdl.lower.nodes import Nodes
from warp2hdl.nn import GroupSum


def circuit_name(text: str) -> str:
    """A Verilog identifier made from any text."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()
    return name if name and not name[0].isdigit() else f"circuit_{name}".rstrip("_")


def lower(
    model: torch.nn.Sequential,
    encoder: Encoder,
    *,
    name: str,
    feature_names: Sequence[str],
    class_names: Sequence[str],
    info: Mapping[str, Any] | None = None,
) -> Circuit:
    """The circuit that computes exactly what `model.eval()` computes, node for node, unoptimised.

    Args:
        model: layers of the kinds in `LOWERINGS` and then one `GroupSum`; `torch.nn.Identity` and `Flatten` are passed
            over.
        encoder: makes the first layer's input bits.
        name: what the circuit is called; made into a Verilog identifier.
        feature_names: one per feature.
        class_names: one per class.
        info: goes into the metadata.

    Raises:
        LoweringError: a layer that has no LUT form, or widths that do not fit together.
        VerifyError: names that do not fit the encoder or the classes.
    """
    layers, head = _split(model)
    nodes = Nodes(encoder.bits)
    signals = np.arange(encoder.bits, dtype=np.int32)
    for index, (layer, lowering) in enumerate(layers):
        if layer.in_dim != len(signals):
            raise LoweringError(
                f"layer {index} takes {layer.in_dim} inputs but gets {len(signals)}; make the widths agree."
            )
        signals = lowering(layer, signals, nodes)
    if len(signals) % head.k:
        raise LoweringError(
            f"{len(signals)} outputs do not divide into {head.k} classes; change the last layer's width."
        )
    network = nodes.network(signals)
    metadata = Metadata(circuit_name(name), tuple(feature_names), tuple(class_names), dict(info or {}))
    circuit = Circuit(encoder, network, Groups.equal(head.k, len(signals)), metadata)
    verify(circuit)
    return circuit


def _split(model: torch.nn.Sequential) -> tuple[list[tuple[Any, Lowering]], GroupSum]:
    parts = [part for part in model if not isinstance(part, PASSED_OVER)]
    if not parts or not isinstance(parts[-1], GroupSum):
        raise LoweringError("the last layer is no GroupSum; end the network with one.")
    layers: list[tuple[Any, Lowering]] = []
    for index, part in enumerate(parts[:-1]):
        lowering = next((LOWERINGS[kind] for kind in type(part).__mro__ if kind in LOWERINGS), None)
        if lowering is None:
            allowed = ", ".join(kind.__name__ for kind in LOWERINGS)
            raise LoweringError(f"layer {index}, a {type(part).__name__}, has no LUT form; use {allowed}.")
        layers.append((part, lowering))
    if not layers:
        raise LoweringError("the network has no LogicLayer; put at least one before the GroupSum.")
    return layers, parts[-1]
