"""Votes that cancel: within a class, and between the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from warp2hdl.ir.circuit import Circuit, LutNetwork
from warp2hdl.passes.ballot import Ballot, Ints
from warp2hdl.passes.base import with_network
from warp2hdl.passes.inverters import inverted


@dataclass(frozen=True)
class CancelledVotes:
    """A signal and its complement in one class count 1 together: they become part of the class's bias."""

    name: ClassVar[str] = "cancelled votes"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        network, ballot = circuit.network, Ballot.of(circuit)
        source = inverted(network)
        negative = source[ballot.signals] >= 0
        base = np.where(negative, source[ballot.signals], ballot.signals)
        keys = ballot.classes * (network.inputs + network.nodes) + base
        both, which = np.unique(keys, return_inverse=True)
        # [sign, class and signal]; several inverters may be of one signal.
        totals = np.zeros((2, len(both)), np.int64)
        np.add.at(totals, (negative.astype(np.int64), which), ballot.weights)
        pairs = totals.min(axis=0)
        if not pairs.any():
            return circuit
        bias = ballot.bias.copy()
        np.add.at(bias, both // (network.inputs + network.nodes), pairs)
        weights = _take(ballot.weights, 2 * which + negative, np.repeat(pairs, 2))
        merged = Ballot.merge(ballot.classes, ballot.signals, weights, bias)
        outputs, groups = merged.outputs()
        return with_network(circuit, _with_outputs(network, outputs), groups)


def _take(weights: Ints, kinds: Ints, amounts: Ints) -> Ints:
    """Weights less, in all, `amounts[k]` of those of kind k, taken from the first on."""
    order = np.argsort(kinds, kind="stable")
    running = np.cumsum(weights[order])
    first = np.searchsorted(kinds[order], kinds[order])
    before = running - weights[order] - np.concatenate([[0], running])[first]
    left = weights.copy()
    left[order] -= np.clip(amounts[kinds[order]] - before, 0, weights[order])
    return left


def _with_outputs(network: LutNetwork, outputs: npt.NDArray[np.int32]) -> LutNetwork:
    return LutNetwork(network.inputs, network.fanin_offsets, network.fanins, network.tables, outputs)


@dataclass(frozen=True)
class CommonVotes:
    """What all classes count alike is left out: the class stays, the scores lose what they have in common.

    The score of class c is the sum of `m[c, x] * x` over the signals, with `m` below 0 for votes for the complement,
    and a bias. Taking any number away from all `m[:, x]` leaves the order of the scores and their ties. The median
    over the classes leaves the fewest votes. The smallest bias goes too.
    """

    name: ClassVar[str] = "common votes"

    def __call__(self, circuit: Circuit) -> Circuit:
        """The circuit after the pass."""
        network, ballot = circuit.network, Ballot.of(circuit)
        source = inverted(network)
        negative = source[ballot.signals] >= 0
        bases, row = np.unique(np.where(negative, source[ballot.signals], ballot.signals), return_inverse=True)
        net = np.zeros((len(bases), circuit.groups.classes), np.int64)
        np.add.at(net, (row, ballot.classes), np.where(negative, -ballot.weights, ballot.weights))
        bias = ballot.bias.copy()
        np.add.at(bias, ballot.classes[negative], ballot.weights[negative])
        common = np.sort(net, axis=1)[:, circuit.groups.classes // 2]
        fewer = np.abs(net - common[:, None]).sum(axis=1) < np.abs(net).sum(axis=1)
        if not fewer.any() and not ballot.bias.min(initial=0):
            return circuit
        net -= np.where(fewer, common, 0)[:, None]
        return _vote(circuit, bases, net, bias, source)


def _vote(circuit: Circuit, bases: Ints, net: Ints, bias: Ints, source: Ints) -> Circuit:
    """The circuit with `net[x, c]` votes of each class c for the signal `bases[x]`, below 0 for its complement."""
    network = circuit.network
    end = network.inputs + network.nodes
    inverter = np.full(end, -1, np.int64)
    inverter[source[source >= 0]] = np.flatnonzero(source >= 0)
    missing = bases[(net < 0).any(axis=1) & (inverter[bases] < 0)]
    inverter[missing] = end + np.arange(len(missing))
    rows, classes = np.nonzero(net)
    weights = net[rows, classes]
    bias = bias + np.where(net < 0, net, 0).sum(axis=0)
    signals = np.where(weights < 0, inverter[bases[rows]], bases[rows])
    outputs, groups = Ballot.merge(classes, signals, np.abs(weights), bias - bias.min()).outputs()
    grown = LutNetwork(
        network.inputs,
        np.concatenate([network.fanin_offsets, network.fanin_offsets[-1] + 1 + np.arange(len(missing))]),
        np.concatenate([network.fanins, missing.astype(np.int32)]),
        np.concatenate([network.tables, np.ones(len(missing), np.uint64)]),
        outputs,
    )
    return with_network(circuit, grown, groups)
