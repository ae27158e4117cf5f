"""Verilog identifiers."""

from __future__ import annotations

import re
from collections import Counter

from warp2hdl.errors import BackendError

MAX_LENGTH = 64
_FEATURE_LENGTH = 40

# Verilog-2005 and SystemVerilog-2017, as a module of this name must also stand in a SystemVerilog project.
_KEYWORD_TEXT = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endspecify endsequence endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global
highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input
inside instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
signed small soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri
tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""
KEYWORDS = frozenset(_KEYWORD_TEXT.split())


def identifier(name: str) -> str:
    """A Verilog identifier made from `name`: other characters become `_`, a keyword gets a `_` behind it.

    Raises:
        BackendError: no letter or digit is left of the name.
    """
    found = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", name)).strip("_")[:MAX_LENGTH].rstrip("_")
    if not found:
        raise BackendError(
            f"the name {name!r} has no letter or digit to make a Verilog identifier of; rename the circuit."
        )
    if found[0].isdigit():
        found = f"n{found}"
    return f"{found}_" if found.lower() in KEYWORDS else found


def feature_identifiers(names: tuple[str, ...]) -> tuple[str, ...]:
    """An identifier per feature: made of its name where that is short and unlike all others, else `f<index>`."""
    found = list(map(_short_identifier, names))
    often = Counter(name.lower() for name in found if name is not None)
    if all(name is not None and often[name.lower()] == 1 for name in found):
        return tuple(name for name in found if name is not None)
    # A feature that is called f3 would look like one of those that get their number.
    return tuple(
        f"f{i}" if name is None or often[name.lower()] > 1 or re.fullmatch(r"[fF]\d+", name) else name
        for i, name in enumerate(found)
    )


def _short_identifier(name: str) -> str | None:
    try:
        found = identifier(name)
    except BackendError:
        return None
    return found if len(found) <= _FEATURE_LENGTH else None
