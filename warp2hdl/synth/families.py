"""The families of devices: how Yosys maps to each, and which of its cells count as what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from warp2hdl.errors import ConfigError


@dataclass(frozen=True)
class Family:
    """A family of devices.

    Attributes:
        name: as on the command line.
        flow: Yosys's command; the name of the top module is put into `{top}`.
        counted: what the figure `luts` counts, in words.
        lut: start of the names of look-up cells.
        lut_inputs: their inputs.
        carry: types of carry cells, and how many look-ups' places each takes.
        muxes: types of the multiplexers that join look-ups.
        register: start of the names of flip-flops.
        shift: types of shift registers, and the inputs that hold the length less one, lowest bit first.
        inverter: the type of inverters that are no look-ups, "" where there is none.
    """

    name: str
    flow: str
    counted: str
    lut: str
    lut_inputs: tuple[str, ...]
    carry: Mapping[str, int]
    muxes: tuple[str, ...]
    register: tuple[str, ...]
    shift: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inverter: str = ""

    def is_lut(self, kind: str) -> bool:
        """Whether cells of the type `kind` are look-ups."""
        return kind.startswith(self.lut)

    def is_register(self, kind: str) -> bool:
        """Whether cells of the type `kind` hold state: flip-flops and shift registers."""
        return kind.startswith(self.register) or kind in self.shift


_INPUTS = tuple(f"I{j}" for j in range(6))

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="xilinx",
            flow="synth_xilinx -top {top} -family xcup -flatten -nodsp -nobram -noiopad",
            counted="LUT1 to LUT6 cells after synth_xilinx -family xcup; carry chains (CARRY4), wide multiplexers "
            "(MUXF7, MUXF8), shift registers (SRL) and inverters (INV) are counted beside them, not among them",
            lut="LUT",
            lut_inputs=_INPUTS,
            carry={"CARRY4": 0, "CARRY8": 0},
            muxes=("MUXF7", "MUXF8", "MUXF9"),
            register=("FD",),
            shift={"SRL16E": ("A0", "A1", "A2", "A3"), "SRLC16E": ("A0", "A1", "A2", "A3"), "SRLC32E": ("A",)},
            inverter="INV",
        ),
        Family(
            name="ecp5",
            flow="synth_ecp5 -top {top} -nobram -nolutram -nodsp",
            counted="LUT4 cells after synth_ecp5, and two for each carry cell (CCU2C), which takes the place of two; "
            "the multiplexers that join look-ups (PFUMX, L6MUX21) are counted beside them, not among them",
            lut="LUT4",
            lut_inputs=("A", "B", "C", "D"),
            carry={"CCU2C": 2},
            muxes=("PFUMX", "L6MUX21"),
            register=("TRELLIS_FF",),
        ),
        Family(
            name="ice40",
            flow="synth_ice40 -top {top} -nobram",
            counted="SB_LUT4 cells after synth_ice40; carry cells (SB_CARRY) are counted beside them, not among them",
            lut="SB_LUT4",
            lut_inputs=_INPUTS[:4],
            carry={"SB_CARRY": 0},
            muxes=(),
            register=("SB_DFF",),
        ),
        Family(
            name="gowin",
            flow="synth_gowin -top {top} -family gw2a -nobram -nolutram -nodsp -noiopads",
            counted="LUT1 to LUT4 cells after synth_gowin -family gw2a, and one for each carry cell (ALU), which takes "
            "the place of one; the multiplexers that join look-ups (MUX2_LUT5 to MUX2_LUT8) are counted beside them, "
            "not among them",
            lut="LUT",
            lut_inputs=_INPUTS[:4],
            carry={"ALU": 1},
            muxes=("MUX2_LUT5", "MUX2_LUT6", "MUX2_LUT7", "MUX2_LUT8"),
            register=("DFF",),
        ),
    )
}


def get_family(name: str) -> Family:
    """The family called `name`.

    Raises:
        ConfigError: there is none.
    """
    if name not in FAMILIES:
        raise ConfigError(f"the target {name!r} cannot be synthesised; choose one of {', '.join(FAMILIES)}.")
    return FAMILIES[name]
