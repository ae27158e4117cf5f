"""Lowers `LogicLayer`s and a `GroupSum` to a circuit of LUT-k nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl.encode import Encoder
from warp2hdl.errors import LoweringError
from warp2hdl.ir import Circuit, Groups, LutNetwork, Metadata, verify
from warp2hdl.nn import GroupSum, LogicLayer


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
        model: any number of `LogicLayer`s and then one `GroupSum`; `torch.nn.Identity` and `Flatten` are passed over.
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
    width = encoder.bits
    tables: list[npt.NDArray[np.uint64]] = []
    fanins: list[npt.NDArray[np.int32]] = []
    arities: list[npt.NDArray[np.int64]] = []
    first = 0  # number of the signal that is the layer's input 0
    nodes = 0
    for index, layer in enumerate(layers):
        if layer.in_dim != width:
            raise LoweringError(f"layer {index} takes {layer.in_dim} inputs but gets {width}; make the widths agree.")
        bits = layer.tables().cpu().numpy()
        tables.append((bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(1, dtype=np.uint64))
        fanins.append((layer.current_fanins().cpu().numpy() + first).astype(np.int32).reshape(-1))
        arities.append(np.full(layer.out_dim, layer.arity, np.int64))
        first = encoder.bits + nodes
        nodes += layer.out_dim
        width = layer.out_dim
    if width % head.k:
        raise LoweringError(f"{width} outputs do not divide into {head.k} classes; change the last layer's width.")
    network = LutNetwork(
        inputs=encoder.bits,
        fanin_offsets=np.concatenate([[0], np.cumsum(np.concatenate(arities))]).astype(np.int64),
        fanins=np.concatenate(fanins),
        tables=np.concatenate(tables),
        outputs=np.arange(first, first + width, dtype=np.int32),
    )
    metadata = Metadata(circuit_name(name), tuple(feature_names), tuple(class_names), dict(info or {}))
    circuit = Circuit(encoder, network, Groups.equal(head.k, width), metadata)
    verify(circuit)
    return circuit


def _split(model: torch.nn.Sequential) -> tuple[list[LogicLayer], GroupSum]:
    parts = [part for part in model if not isinstance(part, (torch.nn.Identity, torch.nn.Flatten))]
    if not parts or not isinstance(parts[-1], GroupSum):
        raise LoweringError("the last layer is no GroupSum; end the network with one.")
    layers: list[LogicLayer] = []
    for index, part in enumerate(parts[:-1]):
        if not isinstance(part, LogicLayer):
            raise LoweringError(f"layer {index}, a {type(part).__name__}, has no LUT form; use LogicLayer.")
        layers.append(part)
    if not layers:
        raise LoweringError("the network has no LogicLayer; put at least one before the GroupSum.")
    return layers, parts[-1]
