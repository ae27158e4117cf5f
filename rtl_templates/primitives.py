"""What the devices' primitives do, as Verilog for simulators that have no models of the vendor's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def _lut(name: str, inputs: Sequence[str], output: str, parameter: str = "INIT") -> str:
    """A look-up: `output` is the bit of the parameter at the address whose lowest bit is the first input."""
    ports = ", ".join(f"input wire {name}" for name in inputs)
    width = 1 << len(inputs)
    return (
        f"module {name} #(parameter [{width - 1}:0] {parameter} = {width}'h0) (\n"
        f"  {ports}, output wire {output}\n"
        ");\n"
        f"  assign {output} = {parameter}[{{{', '.join(reversed(inputs))}}}];\n"
        "endmodule\n"
    )


def _mux(name: str, low: str, high: str, select: str, output: str) -> str:
    """A choice: `high` where `select` is 1, else `low`."""
    return (
        f"module {name} (\n  input wire {low}, input wire {high}, input wire {select}, output wire {output}\n);\n"
        f"  assign {output} = {select} ? {high} : {low};\n"
        "endmodule\n"
    )


def _numbered(arity: int) -> list[str]:
    return [f"I{j}" for j in range(arity)]


def xilinx_models(arities: Iterable[int]) -> str:
    """The modules LUT1 to LUT6 of these arities: `O` is bit `{I5, ..., I0}` of `INIT`."""
    return "".join(_lut(f"LUT{k}", _numbered(k), "O") for k in sorted(arities))


def ecp5_models(arities: Iterable[int]) -> str:
    """LUT4, and what joins two and four of them to look-ups of five and six inputs: PFUMX and L6MUX21."""
    most = max(arities)
    models = _lut("LUT4", "ABCD", "Z")
    if most > 4:
        models += _mux("PFUMX", "BLUT", "ALUT", "C0", "Z")
    if most > 5:
        models += _mux("L6MUX21", "D0", "D1", "SD", "Z")
    return models


def ice40_models(arities: Iterable[int]) -> str:
    """SB_LUT4, whatever the arities; the device has no primitive for more inputs."""
    return _lut("SB_LUT4", _numbered(4), "O", "LUT_INIT")


def gowin_models(arities: Iterable[int]) -> str:
    """LUT1 to LUT4, and what joins two and four LUT4 to look-ups of five and six inputs: MUX2_LUT5 and MUX2_LUT6."""
    most = max(arities)
    small = {min(k, 4) for k in arities}
    models = "".join(_lut(f"LUT{k}", _numbered(k), "F") for k in sorted(small))
    return models + "".join(_mux(f"MUX2_LUT{k}", "I0", "I1", "S0", "O") for k in range(5, most + 1))
