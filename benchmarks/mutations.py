"""Mutants of emitted Verilog: each must be proven different, with an input that shows it, or proven equal.

python -m benchmarks.mutations [--run DIR] [--count 200] [--seed 0] [--timeout 120]
                               [--out benchmarks/results/mutations.json]

Every mutant is a whole folder whose Verilog differs in one place; it is read back and proven as any other. DIR is a
run of `warp2hdl train digits`.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from warp2hdl import ir
from warp2hdl.backends.manifest import Manifest, hash_file
from warp2hdl.backends.verilog import emit
from warp2hdl.files import staged_file
from warp2hdl.formal.prove import Proof, prove

Random = np.random.Generator
_INDEX = r"\w+\[\d+\]"


def _one(rng: Random, text: str, pattern: str) -> re.Match[str] | None:
    """A random match of a pattern."""
    found = list(re.finditer(pattern, text))
    return found[rng.integers(len(found))] if found else None


def _replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def flip_entry(text: str, rng: Random, _: Manifest) -> str | None:
    """One bit of one table (INIT) that is written as a number."""
    match = _one(rng, text, r"lut(\d)\((\d+)'h([0-9a-f]+)")
    if match is None:
        return None
    width = int(match[2])
    table = int(match[3], 16) ^ 1 << int(rng.integers(width))
    return _replaced(text, match, f"lut{match[1]}({width}'h{table:0{width // 4}x}")


def change_operator(text: str, rng: Random, _: Manifest) -> str | None:
    """One operator of an expression: AND for OR, OR for AND or XOR, or an inversion left out."""
    match = _one(rng, text, rf"(?<=[\w\])]) [&|^] (?=[~(]*{_INDEX})|~(?={_INDEX})")
    if match is None:
        return None
    return _replaced(text, match, {" & ": " | ", " | ": " & ", " ^ ": " | ", "~": ""}[match[0]])


def swap_wires(text: str, rng: Random, _: Manifest) -> str | None:
    """Two different signals that one look-up reads."""
    lines = [m for m in re.finditer(r"(?m)^  wire \w+ = ([^;]*);", text) if len(set(re.findall(_INDEX, m[1]))) > 1]
    if not lines:
        return None
    line = lines[rng.integers(len(lines))]
    signals = sorted(set(re.findall(_INDEX, line[1])))
    a, b = rng.choice(len(signals), 2, replace=False)
    exchange = {signals[a]: signals[b], signals[b]: signals[a]}
    new = re.sub(_INDEX, lambda m: exchange.get(m[0], m[0]), line[1])
    return text[: line.start(1)] + new + text[line.end(1) :]


def drop_register(text: str, rng: Random, _: Manifest) -> str | None:
    """All registers of one stage of one module, or one of them, become wires."""
    match = _one(rng, text, r"reg ((?:\[\d+:0\] )?)(stage_\d+(?:_\d+)?);")
    if match is None:
        return None
    end = text.index("endmodule", match.end())
    body = text[match.end() : end]
    given = re.search(rf"(?m)^    {match[2]} <= ([^;]*);\n", body)
    if given is None:
        return None
    whole = not match[1] or rng.random() < 0.5
    if whole:
        body = body.replace(given[0], "").replace("  always", f"  assign {match[2]} = {given[1]};\n\n  always", 1)
        body = re.sub(r"  always @\(posedge clk\) begin\n  end\n", "", body)
        return text[: match.start()] + f"wire {match[1]}{match[2]};" + body + text[end:]
    top = int(re.findall(r"\d+", match[1])[0])
    bit = int(rng.integers(top + 1))
    body = re.sub(rf"\b{match[2]}\[{bit}\]", f"{match[2]}_early[{bit}]", body)
    if f"{match[2]}_early[" not in body:
        return None
    early = f"  assign {match[2]}_early = {given[1]};\n\n  always"
    wires = f"\n  wire [{top}:0] {match[2]}_early;"
    return text[: match.end()] + wires + body.replace("  always", early, 1) + text[end:]


def move_threshold(text: str, rng: Random, manifest: Manifest) -> str | None:
    """One comparator's constant, by one."""
    match = _one(rng, text, r"(?m)^  wire (\w+)_ge_(\d+) = ([^;]*);")
    if match is None:
        return None
    bits = sorted(int(b) for b in re.findall(r"words\[(\d+)\]", match[3]))
    feature = next(f for f in manifest.features if f.lsb <= bits[0] < f.lsb + f.bits)
    threshold = int(match[2]) + int(rng.choice([-1, 1]))
    word = f"words[{feature.lsb} +: {feature.bits}]"
    new = f"  wire {match[1]}_ge_{match[2]} = {{1'b0, {word}}} >= {feature.bits + 1}'d{threshold};"
    return _replaced(text, match, new)


def swap_votes(text: str, rng: Random, _: Manifest) -> str | None:
    """Two inputs of a popcount, which is the same function, and the same circuit if they come at the same time."""
    modules = re.findall(r"(?s)\nmodule \w+_popcount_\w+ \(.*?endmodule", text)
    if not modules:
        return None
    module = modules[rng.integers(len(modules))]
    votes = sorted(set(re.findall(r"\bx\[\d+\]", module)))
    if len(votes) < 2:
        return None
    a, b = rng.choice(len(votes), 2, replace=False)
    exchange = {votes[a]: votes[b], votes[b]: votes[a]}
    return text.replace(module, re.sub(r"\bx\[\d+\]", lambda m: exchange.get(m[0], m[0]), module))


def wrong_tie(text: str, rng: Random, _: Manifest) -> str | None:
    """A comparison of the arg max that takes the right one of two equal scores."""
    greater = sum(1 << a for a in range(64) if _number(a, 1) > _number(a, 0))
    match = _one(rng, text, rf"(?<=lut6\()64'h{greater:016x}")
    if match is None:
        return None
    at_least = sum(1 << a for a in range(64) if _number(a, 1) >= _number(a, 0))
    return _replaced(text, match, f"64'h{at_least:016x}")


def _number(address: int, side: int) -> int:
    """The left (0) or right (1) number of three bits in an address with left and right bits in turn."""
    return sum((address >> (2 * i + side) & 1) << i for i in range(3))


MUTATIONS: dict[str, Callable[[str, Random, Manifest], str | None]] = {
    "table_entry": flip_entry,
    "operator": change_operator,
    "wires_swapped": swap_wires,
    "register_dropped": drop_register,
    "threshold_moved": move_threshold,
    "votes_swapped": swap_votes,
    "tie": wrong_tie,
}


def make_mutant(original: Path, target: Path, kind: str, rng: Random) -> bool:
    """Writes a folder whose Verilog is a mutant; False where there is nothing to mutate in this way."""
    manifest = Manifest.read(original)
    name = manifest.verilog[0]
    text = (original / name).read_text(encoding="ascii")
    mutant = MUTATIONS[kind](text, rng, manifest)
    if mutant is None or mutant == text:
        return False
    shutil.copytree(original, target, dirs_exist_ok=True)
    (target / name).write_text(mutant, encoding="ascii")
    raw = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    raw["files"][name] = hash_file(target / name)
    (target / "manifest.json").write_text(json.dumps(raw), encoding="utf-8")
    return True


def verdict(proof: Proof) -> str:
    """`equal`, `different` (logic), `unbalanced` (registers) or `undecided`."""
    if proof.equivalent is False:
        return "different"
    if proof.balanced is False:
        return "unbalanced"
    return "equal" if proof.equivalent else "undecided"


def run(original: Path, count: int, seed: int, timeout_seconds: float) -> dict[str, Any]:
    """Proves `count` mutants, the kinds in turn."""
    rng = np.random.default_rng(seed)
    found: dict[str, Counter[str]] = {kind: Counter() for kind in MUTATIONS}
    seconds = []
    kinds = [kind for kind in MUTATIONS if _applies(original, kind)]
    with tempfile.TemporaryDirectory() as name:
        for number in range(count):
            kind = kinds[number % len(kinds)]
            target = Path(name, "mutant")
            while not make_mutant(original, target, kind, rng):
                pass
            start = _cpu()
            proof = prove(target, timeout_seconds=timeout_seconds)
            seconds.append(_cpu() - start)
            found[kind][verdict(proof)] += 1
    total = sum(found.values(), Counter[str]())
    return {
        "mutants": count,
        "seed": seed,
        "verdicts": dict(total),
        "by_kind": {kind: dict(found[kind]) for kind in kinds},
        "cpu_seconds_median": float(np.median(seconds)),
        "cpu_seconds_max": max(seconds),
    }


def _applies(original: Path, kind: str) -> bool:
    with tempfile.TemporaryDirectory() as name:
        return any(make_mutant(original, Path(name), kind, np.random.default_rng(i)) for i in range(20))


def _cpu() -> float:
    """CPU seconds of this process and its children."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/digits"))
    parser.add_argument("--count", type=int, default=210)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/mutations.json"))
    options = parser.parse_args()
    circuit = ir.load(options.run / "circuit.safetensors")
    with np.load(options.run / "vectors.npz") as file:
        vectors = (file["words"], file["labels"])
    result = describe_machine("pyosys", "numpy")
    with tempfile.TemporaryDirectory() as name:
        manifest = emit(circuit, name, vectors=vectors)
        result |= {"circuit": {"nodes": manifest.nodes, "registers": manifest.registers, "sha256": circuit.sha256}}
        result |= run(Path(name), options.count, options.seed, options.timeout)
    with staged_file(options.out) as path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
