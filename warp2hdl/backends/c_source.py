"""A circuit as self-contained C99: a header and a source, no heap, no library, no state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from warp2hdl.backends.c_batch import BatchCode, batch_code
from warp2hdl.backends.c_sample import SampleCode, sample_code
from warp2hdl.backends.c_self_test import self_test_code
from warp2hdl.backends.c_text import Names, comment, unsigned
from warp2hdl.backends.netlist import build_netlist
from warp2hdl.backends.notes import describe
from warp2hdl.errors import BackendError
from warp2hdl.ir.circuit import Circuit

_HEADER = """
#ifndef @NET_H
#define @NET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NET_FEATURES @features
#define @NET_CLASSES @classes
#define @NET_SAMPLE_BYTES @sample_bytes /* the workspace of @net_classify */
#define @NET_BATCH_WORDS @batch_words /* the workspace of @net_classify_batch */

typedef @word_type @net_word;   /* a feature word, within its bits as listed above */
typedef @class_type @net_class;  /* a class, from 0 on */
typedef @score_type @net_score;  /* how many outputs vote for a class */

/*
 * Classifies one sample: @NET_FEATURES words. The workspace has @NET_SAMPLE_BYTES bytes of any content.
 * `scores` takes @NET_CLASSES scores, or is NULL. Leave the function out with -D@NET_NO_SAMPLE.
 */
@net_class @net_classify(const @net_word *features, uint8_t *workspace, @net_score *scores);

/*
 * Classifies any number of samples, 64 at a time: sample i has the words from features[i * @NET_FEATURES] on.
 * The workspace has @NET_BATCH_WORDS words of any content. `classes` takes a class per sample, `scores`
 * @NET_CLASSES scores per sample, or is NULL. Leave the function out with -D@NET_NO_BATCH.
 */
void @net_classify_batch(const @net_word *features, size_t samples, uint64_t *workspace, @net_class *classes,
    @net_score *scores);

/* Both functions keep nothing between calls; threads may call them at once, each with its own workspace. */

#ifdef __cplusplus
}
#endif

#endif
"""
_SOURCE = """
#include "@header"

#ifndef @NET_NO_SAMPLE

@sample
#endif

#ifndef @NET_NO_BATCH

@batch
#endif

#ifdef WARP2HDL_SELF_TEST

@test
#endif
"""


@dataclass(frozen=True)
class CSource:
    """The text of a header and of a source, both ASCII."""

    header: str
    source: str


def convert(circuit: Circuit, header_name: str) -> CSource:
    """The circuit as C99.

    The header declares `<name>_classify`, for one sample, and `<name>_classify_batch`, bit-parallel over 64; the
    caller gives both their workspace. Compiled with `-DWARP2HDL_SELF_TEST`, the source is a program that compares both
    with what the interpreter found on embedded vectors.

    Args:
        circuit: a valid circuit.
        header_name: the file name by which the source includes the header.

    Raises:
        BackendError: a file name that `#include` cannot hold, or a circuit's name without letter or digit.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.+-]+", header_name):
        raise BackendError(f"{header_name!r} cannot stand in an #include; use letters, digits and ._+- in --out.")
    names = Names.of(circuit)
    sample = sample_code(circuit, build_netlist(circuit), names)
    batch = batch_code(circuit, names)
    notes = comment(describe(circuit)) + "\n"
    source = names.fill(_SOURCE, header=header_name)
    # Last, and once each: these texts are finished.
    for key, text in (("sample", sample.text), ("batch", batch.text), ("test", self_test_code(circuit, names))):
        source = source.replace(f"@{key}", text, 1)
    return CSource(notes + _header(circuit, names, sample, batch), notes + source)


def _header(circuit: Circuit, names: Names, sample: SampleCode, batch: BatchCode) -> str:
    groups = circuit.groups
    return names.fill(
        _HEADER,
        features=circuit.encoder.features,
        classes=groups.classes,
        sample_bytes=sample.workspace_bytes,
        batch_words=batch.workspace_words,
        word_type=f"uint{circuit.encoder.word_dtype.itemsize * 8}_t",
        class_type=unsigned(groups.classes - 1),
        score_type=unsigned((1 << groups.score_bits) - 1),
    )


def header_path(source: Path) -> Path:
    """The header that belongs to a source file `x.c`: `x.h` beside it.

    Raises:
        BackendError: `source` does not end in `.c`.
    """
    if source.suffix != ".c" or not source.stem:
        raise BackendError(f"{source} is no name of a C source; give --out a file that ends in .c.")
    return source.with_suffix(".h")
