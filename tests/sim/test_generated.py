import pytest

from tests.sim.designs import emit_random
from warp2hdl.sim.generated import shorten
from warp2hdl.sim.runner import cosimulate

FAST = """#include "Vtop.h"
void Vtop___024root___nba_sequent__TOP__0(Vtop___024root* vlSelf) {
    auto& vlSelfRef = std::ref(*vlSelf).get();
    // Locals
    CData/*0:0*/ __Vlocal;
    vlSelfRef.r = vlSelfRef.y;
    if (vlSelfRef.a) {
        vlSelfRef.b = 1U;
    }
    __Vlocal = vlSelfRef.r;
    vlSelfRef.y
        = (1U & vlSelfRef.r);
}
"""
SLOW = """VL_ATTR_COLD void Vtop___024root___stl_sequent__TOP__0(Vtop___024root* vlSelf) {
    auto& vlSelfRef = std::ref(*vlSelf).get();
    // Locals
    CData/*0:0*/ __Vlocal;
    vlSelfRef.constant = 5U;
    __Vlocal = vlSelfRef.r;
    if (vlSelfRef.a) {
        vlSelfRef.b = 1U;
    }
    vlSelfRef.y
        = (1U & vlSelfRef.r);
    vlSelfRef.z = __Vlocal;
}
void Vtop___024root___eval_stl(Vtop___024root* vlSelf) {
    Vtop___024root___stl_sequent__TOP__0(vlSelf);
}
"""


def test_words_are_read_without_a_call(tmp_path):
    line = "vlSelfRef.top__DOT__y[0x1fU] = (vlSelfRef.x[3U] >> vlSelfRef.n[i]) | vlSelfRef.top__DOT__word;"
    (tmp_path / "Vtop__1.cpp").write_text(line)
    shorten(tmp_path)
    assert (tmp_path / "Vtop__1.cpp").read_text() == (
        "vlSelfRef.top__DOT__y.m_storage[0x1fU] = (vlSelfRef.x.m_storage[3U] >> vlSelfRef.n[i])"
        " | vlSelfRef.top__DOT__word;"
    )


def test_what_is_evaluated_again_is_not_settled(tmp_path):
    for name, text in [("Vtop__0.cpp", FAST), ("Vtop__0__Slow.cpp", SLOW), ("other.cpp", SLOW)]:
        (tmp_path / name).write_text(text)
    shorten(tmp_path)
    assert (tmp_path / "Vtop__0.cpp").read_text() == FAST
    assert (tmp_path / "other.cpp").read_text() == SLOW
    left_out = "    vlSelfRef.y\n        = (1U & vlSelfRef.r);\n"
    assert (tmp_path / "Vtop__0__Slow.cpp").read_text() == SLOW.replace(left_out, "")


@pytest.mark.parametrize("interface", ["stream", "raw"])
def test_constants_keep_their_values(tmp_path, interface):
    """Constant look-ups make constant bits of scores, which no clock edge evaluates."""
    layers = [(20, (0, 1, 2)), (20, (0, 2))]
    emit_random(tmp_path / "out", 3, layers=layers, classes=3, vectors=60, options={"interface": interface})
    result = cosimulate(tmp_path / "out")
    assert (result.vectors, result.mismatches) == (60, 0)
