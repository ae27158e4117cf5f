import llvmlite.binding as llvm
import pytest

from warp2hdl.kernels import simd_target

V3 = ("avx", "avx2", "fma")
V4 = (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


@pytest.mark.parametrize(
    ("features", "level"),
    [
        ((), "none"),
        (V3, "avx2"),
        ((*V3, "avx512f", "avx512cd"), "avx2"),  # Xeon Phi
        (V4, "avx512"),  # Skylake-X, Cascade Lake
        ((*V4, "avx512vbmi"), "avx512vbmi"),
    ],
)
def test_the_widest_instruction_set(features, level, monkeypatch):
    monkeypatch.setattr(simd_target.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: dict.fromkeys(features, True))
    assert simd_target.host_level.__wrapped__() == level


def test_other_architectures(monkeypatch):
    monkeypatch.setattr(simd_target.platform, "machine", lambda: "aarch64")
    assert simd_target.host_level.__wrapped__() == "none"
