"""Circuits as C: the time to write and to compile them, their self-tests, and samples per second.

python -m benchmarks.export_c CIRCUIT [--compilers gcc,clang] [--nodes 6000,12000,24000,48000]

CIRCUIT is a trained one, such as `warp2hdl train digits --out runs/digits` writes; the others are random: 784 features
with a comparator each, six layers of two-input nodes, ten classes. Everything is compiled with -std=c99 -Wall -Wextra
-Werror -pedantic; a warning or a mismatch of the self-test ends the benchmark. Seconds are CPU time, with that of the
compiler's children.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from warp2hdl import ir
from warp2hdl.backends import export
from warp2hdl.cli.random_circuit import random_circuit
from warp2hdl.files import staged_file

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
LEVELS = ("-O0", "-O1", "-O2")
TOO_LARGE = 12_000  # nodes, for -O2

# Classifies words that a generator makes, in batches of 4,096, for half a second of CPU time.
DRIVER = """
#include <stdio.h>
#include <time.h>
#include "net.h"
static NAME(word) x[4096 * COUNT(FEATURES)];
static NAME(class) y[4096];
static uint64_t workspace[COUNT(BATCH_WORDS)];
int main(void)
{
    uint32_t state = 1;
    unsigned long done = 0, sum = 0;
    size_t i;
    clock_t start, end;
    for (i = 0; i < sizeof x / sizeof x[0]; i++) {
        state = state * 1664525U + 1013904223U;
        x[i] = (NAME(word))(state >> 24 & MASK);
    }
    start = clock();
    do {
        NAME(classify_batch)(x, 4096, workspace, y, NULL);
        sum += y[done % 4096];
        done += 4096;
        end = clock();
    } while (end - start < CLOCKS_PER_SEC / 2);
    printf("%f %lu\\n", (double)done * CLOCKS_PER_SEC / (double)(end - start), sum);
    return 0;
}
"""


def _cpu_seconds(run: Callable[[], object]) -> float:
    """CPU seconds of this process and of those that it waits for."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    start = now()
    run()
    return round(now() - start, 2)


def measure(circuit: ir.Circuit, compilers: list[str], folder: Path) -> dict[str, Any]:
    """What a circuit's C costs and brings, by compiler and level.

    Args:
        circuit: the circuit.
        compilers: their commands, with options of their own.
        folder: where to work.
    """
    found: dict[str, Any] = {"name": circuit.metadata.name, "nodes": circuit.network.nodes}
    found["write_seconds"] = _cpu_seconds(lambda: export.write(circuit, folder / "net.c", "c"))
    found["source_bytes"] = (folder / "net.c").stat().st_size
    (folder / "driver.c").write_text(_driver(circuit), encoding="ascii")
    for compiler in compilers:
        runs = {}
        for level in LEVELS:
            if level == "-O2" and circuit.network.nodes > TOO_LARGE:
                continue
            build = [*shlex.split(compiler), *WARNINGS, level]
            seconds = _cpu_seconds(lambda build=build: _run([*build, "-c", "net.c", "-o", "net.o"], folder))
            _run([*build, "-DWARP2HDL_SELF_TEST", "net.c", "-o", "test"], folder)
            test = _run(["./test"], folder).strip()
            _run([*build, "driver.c", "net.o", "-o", "driver"], folder)
            rate = round(float(_run(["./driver"], folder).split()[0]))
            runs[level] = {"compile_seconds": seconds, "self_test": test, "samples_per_second": rate}
        found[_version(compiler)] = runs
    return found


def _driver(circuit: ir.Circuit) -> str:
    name = circuit.metadata.name
    mask = (1 << min(8, int(circuit.encoder.feature_bits.min()))) - 1
    heads = [f"#define NAME(x) {name}_##x", f"#define COUNT(x) {name.upper()}_##x", f"#define MASK {mask}U"]
    return "\n".join(heads) + "\n" + DRIVER.lstrip()


def _run(words: list[str], folder: Path) -> str:
    return subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


def _version(compiler: str) -> str:
    """The first line with which a compiler describes itself, without the name that it was called by."""
    first = _run([*shlex.split(compiler), "--version"], Path()).splitlines()[0]
    words = first.split()
    return " ".join(words[:3]) if "clang" in first else f"gcc {words[-1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circuit", type=Path)
    parser.add_argument("--compilers", default="gcc", help="commands, with commas between them")
    parser.add_argument("--nodes", default="6000,12000,24000,48000")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/export-c.json"))
    options = parser.parse_args()
    compilers = options.compilers.split(",")
    path = options.circuit / "circuit.safetensors" if options.circuit.is_dir() else options.circuit
    circuits = [ir.load(path)]
    for nodes in map(int, options.nodes.split(",")):
        circuits.append(random_circuit(784, [nodes // 60 * 10] * 6, 2, 10, 0))
    result = describe_machine()
    result["circuits"] = []
    for circuit in circuits:
        with tempfile.TemporaryDirectory() as folder:
            result["circuits"].append(measure(circuit, compilers, Path(folder)))
        with staged_file(options.out) as stage:
            stage.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
