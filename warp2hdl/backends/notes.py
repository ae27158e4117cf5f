"""What an exported file says of its circuit, as lines fit for a comment of any format."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby

from warp2hdl import __version__
from warp2hdl.ir.circuit import Circuit

_WIDTH = 116
_NAMED_FEATURES = 64


def plain(text: str) -> str:
    """`text` without what could end or continue a comment: ASCII on one line, other characters as `&#number;`."""
    safe = (c if " " <= c <= "~" and c not in "\\&" else f"&#{ord(c)};" for c in text)
    return "".join(safe).replace("*/", "*&#47;").replace("/*", "/&#42;").replace("??", "?&#63;")


def describe(circuit: Circuit) -> list[str]:
    """Hash, size, accuracy, feature words and classes of a circuit, in lines of printable ASCII without backslash."""
    metadata, groups = circuit.metadata, circuit.groups
    nodes, bits = circuit.network.nodes, circuit.encoder.bits
    lines = [f"{metadata.name}: a look-up network, written by warp2hdl {__version__}", ""]
    lines += [f"circuit   sha256 {circuit.sha256}", f"size      {nodes} look-ups, {bits} comparators"]
    accuracy = metadata.info.get("accuracy")
    if accuracy:
        lines.append(f"accuracy  {json.dumps(accuracy, ensure_ascii=False).strip('{}').replace(chr(34), '')}")
    lines += ["", "Feature words: word = floor((x - offset) * scale + 0.5), clipped to 0 .. 2**bits - 1."]
    lines += _features(circuit)
    lines += ["", f"Classes: {', '.join(f'{i} = {name}' for i, name in enumerate(metadata.class_names))}."]
    lines.append(f"A score is at most {int((groups.sizes + groups.bias).max())}; the lowest class wins a tie.")
    # Backslashes are gone and words stay whole, so that no line can be taken for one that continues.
    wrapped = (textwrap.wrap(plain(line), _WIDTH, break_long_words=False) or [""] for line in lines)
    return [part for parts in wrapped for part in parts]


def _features(circuit: Circuit) -> Iterator[str]:
    """A line per run of neighbours that are encoded alike; one per feature where those are few."""
    encoder, names = circuit.encoder, circuit.metadata.feature_names
    columns = zip(encoder.feature_bits.tolist(), encoder.scale.tolist(), encoder.offset.tolist(), strict=True)
    rows = [(*row, i if len(names) <= _NAMED_FEATURES else None) for i, row in enumerate(columns)]
    first = 0
    for (bits, scale, offset, _), run in groupby(rows):
        last = first + len(list(run)) - 1
        which = f"{first}" if first == last else f"{first} .. {last}"
        called = names[first] if first == last else f"{names[first]} .. {names[last]}"
        yield f"  {which}: {called}: {bits} bits, scale {scale!r}, offset {offset!r}"
        first = last + 1
