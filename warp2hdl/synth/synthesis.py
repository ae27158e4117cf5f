"""The public door: `synthesize` an emitted folder, and get its area and timing."""

from __future__ import annotations

import dataclasses
import re
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from warp2hdl.backends.manifest import Manifest
from warp2hdl.errors import ConfigError, OutputError
from warp2hdl.synth.blocks import Origins, area_by_block, area_by_module, block_of_module, blocks_of_cells
from warp2hdl.synth.count import Counts, count
from warp2hdl.synth.families import Family, get_family
from warp2hdl.synth.mapping import map_to_cells, source_name
from warp2hdl.synth.netlist import Module
from warp2hdl.synth.place_route import DEVICES, Placed, place_and_route

_DIRECT = "each look-up counts for the block of the register that it leads to"
_BORDERS = "mapped again with the blocks' borders kept; across: what looking across them saves (-) or costs"

Poll = Callable[[str], None]
"""Called about twenty times a second with what is being done."""


@dataclass(frozen=True)
class Synthesis:
    """What synthesis found.

    Attributes:
        target: the family of devices.
        top: the top module.
        contains: the blocks that are inside.
        counted: what `counts.luts` counts, in words.
        counts: look-ups, flip-flops and so on of the flat netlist.
        by_block: the area by block; the values add up to `counts.luts`.
        by_block_from: how the area was split.
        registers_predicted: bits of state that the manifest foretells, or None where a wrapper has some of its own.
        latency_cycles: clock edges from a sample to its result.
        initiation_interval: clock cycles from sample to sample.
        placed: what place and route found, if it ran.
        critical_blocks: the blocks in which the slowest path between registers starts and ends, if there is one.
        seconds: wall time.
        cpu_seconds: CPU time of this process and of all tools.
        versions: of the tools.
    """

    target: str
    top: str
    contains: tuple[str, ...]
    counted: str
    counts: Counts
    by_block: Mapping[str, int]
    by_block_from: str
    registers_predicted: int | None
    latency_cycles: int
    initiation_interval: int
    placed: Placed | None
    critical_blocks: tuple[str, str] | None
    seconds: float
    cpu_seconds: float
    versions: Mapping[str, str]

    @property
    def latency_ns(self) -> float | None:
        """From a sample to its result at the highest clock, in nanoseconds."""
        if self.placed is None or self.placed.fmax_mhz is None:
            return None
        return 1000 * self.latency_cycles / self.placed.fmax_mhz

    def to_dict(self) -> dict[str, Any]:
        """All of it as one JSON object."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        counts, placed = dataclasses.asdict(fields.pop("counts")), fields.pop("placed")
        fmax = None if placed is None else placed.fmax_mhz
        pnr = None if placed is None else dataclasses.asdict(placed)
        return {**fields, **counts, "fmax_mhz": fmax, "latency_ns": self.latency_ns, "pnr": pnr}


def synthesize(
    folder: Path | str,
    target: str,
    *,
    pnr: bool = False,
    seed: int = 1,
    timeout_seconds: float = 3600,
    poll: Poll | None = None,
) -> Synthesis:
    """Synthesises what `emit-verilog` wrote.

    Args:
        folder: the emitted folder.
        target: one of `families.FAMILIES`.
        pnr: place and route it too.
        seed: nextpnr's.
        timeout_seconds: wall time of each tool.
        poll: called about twenty times a second with what is being done.

    Raises:
        FormatError: the folder is damaged or foreign.
        ConfigError: the target does not exist, does not fit what was emitted, or has no open place and route.
        ToolNotFoundError: Yosys or nextpnr is not installed.
        ToolError: one of them fails.
        ToolTimeoutError: one of them takes too long.
        OutputError: the temporary folder cannot be written.
    """
    start, cpu_start = time.perf_counter(), _cpu_seconds()
    folder = Path(folder)
    family, manifest = get_family(target), Manifest.read(folder)
    _require_fit(manifest, folder, target, pnr)
    job = _Job(folder, manifest, family, timeout_seconds, poll)
    try:
        with tempfile.TemporaryDirectory(prefix="warp2hdl-") as work:
            module = job.map(Path(work, "netlist.json"))
            counts, blocks = count(module, family), blocks_of_cells(module, family, job.origins())
            by_block, by_block_from = job.split(module, blocks, counts, Path(work, "borders.json"))
            placed = job.place(Path(work, "netlist.json"), seed) if pnr else None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write to the temporary folder: {reason}; free some space or set TMPDIR.") from error
    return Synthesis(
        target=target,
        top=manifest.top,
        contains=manifest.contains,
        counted=f"{family.counted}. Inside: {', '.join(manifest.contains)}.",
        counts=counts,
        by_block=by_block,
        by_block_from=by_block_from,
        registers_predicted=manifest.registers if manifest.interface in ("stream", "raw") else None,
        latency_cycles=manifest.latency_cycles,
        initiation_interval=manifest.initiation_interval,
        placed=placed,
        critical_blocks=_critical_blocks(placed, blocks),
        seconds=time.perf_counter() - start,
        cpu_seconds=_cpu_seconds() - cpu_start,
        versions=_versions(target, pnr),
    )


@dataclass(frozen=True)
class _Job:
    folder: Path
    manifest: Manifest
    family: Family
    timeout_seconds: float
    poll: Poll | None

    def _say(self, what: str) -> Callable[[], None] | None:
        poll = self.poll
        return None if poll is None else lambda: poll(what)

    def _sources(self) -> list[Path]:
        return [self.folder / name for name in self.manifest.verilog]

    def origins(self) -> Origins:
        """Where in the Verilog each module lies."""
        texts = [source.read_text(encoding="ascii") for source in self._sources()]
        return Origins.read({source_name(number): text for number, text in enumerate(texts)})

    def map(self, out: Path) -> Module:
        """The flat netlist."""
        modules = map_to_cells(
            self._sources(),
            self.manifest.top,
            self.family,
            out,
            timeout_seconds=self.timeout_seconds,
            poll=self._say("mapping"),
        )
        return modules[self.manifest.top]

    def split(self, module: Module, blocks: Mapping[str, str], counts: Counts, out: Path) -> tuple[dict[str, int], str]:
        """The area by block, and how it was found."""
        if self.manifest.levels_per_stage == 1 and self.manifest.clock is not None:
            return area_by_block(module, self.family, blocks), _DIRECT
        names = self.origins().module_names()
        modules = map_to_cells(
            self._sources(),
            self.manifest.top,
            self.family,
            out,
            borders=[name for name in names if block_of_module(name)],
            timeout_seconds=self.timeout_seconds,
            poll=self._say("mapping block by block"),
        )
        areas = area_by_module(modules, self.manifest.top, self.family)
        return areas | {"across": counts.luts - sum(areas.values())}, _BORDERS

    def place(self, netlist: Path, seed: int) -> Placed:
        """Places and routes the flat netlist."""
        return place_and_route(
            netlist,
            self.manifest.top,
            self.manifest.clock,
            self.family.name,
            seed=seed,
            timeout_seconds=self.timeout_seconds,
            poll=self._say("placing and routing"),
        )


def _require_fit(manifest: Manifest, folder: Path, target: str, pnr: bool) -> None:
    if manifest.target not in ("generic", target):
        raise ConfigError(
            f"{folder} was emitted with the primitives of {manifest.target}, which {target} does not have; "
            f"emit it again with --target generic or --target {target}."
        )
    if pnr and target not in DEVICES:
        raise ConfigError(
            f"no open tool places and routes for {target}; choose one of {', '.join(DEVICES)}, or leave out --pnr."
        )


def _critical_blocks(placed: Placed | None, blocks: Mapping[str, str]) -> tuple[str, str] | None:
    """The harness is no block; a path that it feeds or takes starts or ends outside all of them."""
    if placed is None or placed.fmax_mhz is None:
        return None
    path = placed.critical[0]
    return _block_of_pin(path.start, blocks), _block_of_pin(path.end, blocks)


def _block_of_pin(pin: str, blocks: Mapping[str, str]) -> str:
    cell = pin.rpartition(".")[0]
    # What nextpnr's iCE40 packer calls a look-up or a flip-flop once it sits in a logic cell.
    return blocks.get(cell) or blocks.get(re.sub("_(DFF)?LC$", "", cell), "wrapper")


def _cpu_seconds() -> float:
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def _versions(target: str, pnr: bool) -> dict[str, str]:
    packages = ["pyosys", *([DEVICES[target].package.replace("_", "-")] if pnr else [])]
    return {package: metadata.version(package) for package in packages}
