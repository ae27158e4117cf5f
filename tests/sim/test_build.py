import stat

import pytest

from warp2hdl.errors import OutputError, ToolError
from warp2hdl.sim import build as build_module
from warp2hdl.sim.build import build
from warp2hdl.sim.tools import Tools

VERILATE = 'echo "$@" > verilated; echo run >> ../runs'
MAKE = """
test -f verilated_vpi.o && echo found >> ../runs || echo compiled >> ../runs
for part in verilated verilated_dpi verilated_vpi verilated_threads; do echo $part > $part.o; done
echo it works > simulation
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Fake tools that write down what they are asked for, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def use(verilate=VERILATE, make=MAKE):
        scripts = {"verilator": verilate, "make": make, "g++": "echo g++ 12"}
        paths = {name: tmp_path / "bin" / name for name in scripts}
        for name, path in paths.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!/bin/sh\n{scripts[name]}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        found = Tools(paths["verilator"], None, "Verilator 5.040", paths["g++"], paths["make"])
        monkeypatch.setattr(build_module, "find_tools", lambda: found)

    use()
    return use


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "top.v"
    path.write_text("module top; endmodule\n")
    return path


def runs(tmp_path):
    return (tmp_path / "runs").read_text().split()


def test_only_the_ports_are_public(tools, source, tmp_path):
    executable = build([source], "top", ["clk", "out_class"], tmp_path / "b")
    assert executable.read_text() == "it works\n"
    assert (tmp_path / "b" / "public.vlt").read_text() == (
        '`verilator_config\npublic_flat_rw -module "top" -var "clk"\npublic_flat_rw -module "top" -var "out_class"\n'
    )
    asked = (tmp_path / "b" / "verilated").read_text()
    assert f"{tmp_path / 'b' / 'public.vlt'} {source}" in asked
    assert "--public" not in asked


def test_the_runtime_is_compiled_once_for_all_designs(tools, source, tmp_path):
    build([source], "top", [], tmp_path / "b1")
    build([source], "top", [], tmp_path / "b2")
    assert runs(tmp_path) == ["run", "compiled", "run", "found"]


def test_a_cache_that_cannot_be_written_is_no_error(tools, source, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    build([source], "top", [], tmp_path / "b1")
    assert runs(tmp_path) == ["run", "compiled"]


def test_the_same_design_is_not_built_again_and_another_one_is(tools, source, tmp_path):
    build([source], "top", [], tmp_path / "b")
    (tmp_path / "b" / "Vtop__ALL.o").write_text("old")
    build([source], "top", [], tmp_path / "b")
    assert runs(tmp_path) == ["run", "compiled"]
    source.write_text("module top; wire a; endmodule\n")
    build([source], "top", [], tmp_path / "b")
    assert runs(tmp_path) == ["run", "compiled", "run", "found"]
    assert not (tmp_path / "b" / "Vtop__ALL.o").exists()


@pytest.mark.parametrize("tool", ["verilate", "make"])
def test_a_failing_build_is_not_taken_for_a_finished_one(tools, source, tmp_path, tool):
    tools(**{tool: "echo '%Error: no'; exit 2"})
    for _ in range(2):
        with pytest.raises(ToolError, match="failed with exit code 2: %Error: no") as caught:
            build([source], "top", [], tmp_path / "b")
        assert caught.value.output == "%Error: no\n"


def test_a_build_folder_that_is_a_file(tools, source, tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*top\.v: .*; choose another build folder"):
        build([source], "top", [], source)


def test_what_verilator_wrote_is_shortened(tools, source, tmp_path):
    tools(verilate="echo 'vlSelfRef.y[3U] = 1U;' > Vtop__1.cpp")
    build([source], "top", [], tmp_path / "b")
    assert (tmp_path / "b" / "Vtop__1.cpp").read_text() == "vlSelfRef.y.m_storage[3U] = 1U;\n"


@pytest.mark.parametrize(("limit", "calls"), [(1000, "0"), (10, "1")])
def test_a_large_design_is_compiled_in_many_calls(tools, source, tmp_path, monkeypatch, limit, calls):
    monkeypatch.setattr(build_module, "_ONE_CALL_BYTES", limit)
    tools(verilate='echo "int a, b, c;" > Vtop__1.cpp', make='echo "$@" > asked; echo > simulation')
    build([source], "top", [], tmp_path / "b")
    assert f"VM_PARALLEL_BUILDS={calls}" in (tmp_path / "b" / "asked").read_text().split()
