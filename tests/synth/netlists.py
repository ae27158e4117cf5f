"""Small netlists, as Yosys writes them."""

from warp2hdl.synth.netlist import Module, _module


def cell(kind, inputs, outputs, src=""):
    """A cell in Yosys's JSON; pins are given as `{"A": bit}` or `{"A": [bits]}`."""
    pins = {name: bit if isinstance(bit, list) else [bit] for name, bit in (inputs | outputs).items()}
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {
        "hide_name": 0,
        "type": kind,
        "parameters": {},
        "attributes": {"src": src} if src else {},
        "port_directions": directions,
        "connections": pins,
    }


def module_json(cells, inputs=None, outputs=None, names=None, scopes=None):
    """A module in Yosys's JSON."""
    notes = {path: {"type": "$scopeinfo", "attributes": {"module": name}} for path, name in (scopes or {}).items()}
    ports = {name: {"direction": "input", "bits": bits} for name, bits in (inputs or {}).items()}
    ports |= {name: {"direction": "output", "bits": bits} for name, bits in (outputs or {}).items()}
    nets = {name: {"hide_name": 0, "bits": bits} for name, bits in (names or {}).items()}
    return {"attributes": {}, "ports": ports, "cells": cells | notes, "netnames": nets}


def module(name="top", **parts) -> Module:
    """A module of a netlist that was read."""
    return _module(name, module_json(**parts))
