"""The interface `axis`: the stream circuit as it is, and a second file with an AXI4-Stream wrapper around it."""

from __future__ import annotations

import dataclasses
import textwrap

from warp2hdl import __version__
from warp2hdl.backends.manifest import Axis, Manifest, Port
from warp2hdl.backends.pipeline import Top
from warp2hdl.errors import BackendError
from warp2hdl.rtl_templates.axis import AxisWrapper

BUS_BITS = 64
SUFFIX = "_axis"

_COMMENT_WIDTH = 117


def make_wrapper(top: Top, name: str, bus_bits: int) -> AxisWrapper:
    """The wrapper of the circuit `top`, whose module is called `name`.

    Raises:
        BackendError: `bus_bits` is no whole number of bytes.
    """
    if bus_bits < 8 or bus_bits % 8:
        raise BackendError(f"--bus-bits is {bus_bits}; it must be a multiple of 8.")
    groups = top.circuit.groups
    return AxisWrapper(
        top=name + SUFFIX,
        core=name,
        bus_bits=bus_bits,
        feature_bits=int(top.circuit.encoder.feature_bits.sum()),
        class_bits=groups.class_bits,
        scores_bits=groups.classes * groups.score_bits if top.with_scores else 0,
        core_latency_cycles=top.plan.latency_cycles,
    )


def ports(wrapper: AxisWrapper) -> tuple[Port, ...]:
    """The wrapper's ports."""
    scores = f", scores from bit {wrapper.scores_lsb} on" if wrapper.scores_bits else ""
    return (
        Port("aclk", "input", 1, "clock, rising edge"),
        Port("aresetn", "input", 1, "synchronous reset, active low: forgets the samples on their way"),
        Port("s_axis_tdata", "input", wrapper.bus_bits, "feature words, the lowest bits of a sample first"),
        Port("s_axis_tvalid", "input", 1, "s_axis_tdata holds a beat"),
        Port("s_axis_tready", "output", 1, "a beat is taken at the rising edge if it is valid"),
        Port("s_axis_tlast", "input", 1, "the last beat of a packet, which holds one or more samples"),
        Port("m_axis_tdata", "output", wrapper.result_bits, f"a sample's result: the class in the lowest bits{scores}"),
        Port("m_axis_tvalid", "output", 1, "m_axis_tdata holds a result, and keeps it until it is taken"),
        Port("m_axis_tready", "input", 1, "a result is taken at the rising edge if it is valid"),
        Port("m_axis_tlast", "output", 1, "the result is that of the last sample of a packet"),
        Port("m_axis_tuser", "output", 1, "the packet ended within the sample: class and scores mean nothing"),
    )


def render(wrapper: AxisWrapper) -> str:
    """The wrapper's file."""
    beats = "a beat" if wrapper.beats == 1 else f"{wrapper.beats} beats"
    lines = [
        f"{wrapper.top}: {wrapper.core} between two AXI4-Streams, written by warp2hdl {__version__}",
        "",
        f"sample    {beats} of {wrapper.bus_bits} bits for {wrapper.feature_bits} bits of feature words",
        f"timing    latency {wrapper.latency_cycles} clock cycles from a sample's last beat to its result, "
        "a beat in every cycle while the sink is ready",
        f"store     {wrapper.depth} results",
        "",
        *(f"{port.name:<13} {port.direction:<6} {port.width:>5}  {port.meaning}" for port in ports(wrapper)),
    ]
    wrapped = (part for line in lines for part in textwrap.wrap(line, _COMMENT_WIDTH) or [""])
    header = "".join(f"// {line}".rstrip() + "\n" for line in wrapped)
    return f"{header}\n`default_nettype none\n\n{wrapper.text()}\n`default_nettype wire\n"


def describe(stream: Manifest, wrapper: AxisWrapper) -> Manifest:
    """The manifest of the circuit with its wrapper, made of the stream circuit's."""
    return dataclasses.replace(
        stream,
        top=wrapper.top,
        verilog=(*stream.verilog, f"{wrapper.top}.v"),
        interface="axis",
        clock="aclk",
        reset="aresetn",
        ports=ports(wrapper),
        latency_cycles=wrapper.latency_cycles,
        initiation_interval=wrapper.beats,
        contains=(*stream.contains, "wrapper"),
        axis=Axis(wrapper.core, wrapper.bus_bits, wrapper.beats, wrapper.scores_lsb),
    )
