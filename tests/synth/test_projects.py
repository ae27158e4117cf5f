"""Projects: what is written is what their tools read."""

import numpy as np
import pytest
import yaml

from tests.circuits import random_circuit
from warp2hdl.backends.manifest import Manifest
from warp2hdl.backends.verilog import emit
from warp2hdl.synth.projects import write_projects


@pytest.fixture(scope="module", params=["stream", "raw"])
def project(request, tmp_path_factory):
    rng = np.random.default_rng(0)
    circuit = random_circuit(rng, features=3, feature_bits=3, layers=[(9, 3)], classes=3, name="tiny")
    folder = tmp_path_factory.mktemp("project")
    manifest = emit(circuit, folder / "v", interface=request.param)
    files = write_projects(folder / "v", folder / "p")
    assert sorted(path.name for path in (folder / "p").iterdir()) == files
    return folder / "p", manifest


def calls(script, *known):
    """Runs a Tcl script in which `known` are commands that do nothing; returns every call of theirs."""
    tcl = pytest.importorskip("tkinter").Tcl()  # distributions may leave it out of their Python
    found = []

    def note(*words):
        found.append(words)
        return words[-1]

    for name in known:
        tcl.createcommand(name, lambda *words, name=name: note(name, *words))
    tcl.eval("rename package real_package; proc package args {}")
    tcl.eval("rename file real_file; proc file {what args} { if {$what ne {mkdir}} { real_file $what {*}$args } }")
    tcl.evalfile(str(script))
    return found


def test_vivado_reads_the_files_and_runs_out_of_context(project):
    folder, manifest = project
    steps = (
        "read_verilog",
        "read_xdc",
        "synth_design",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "route_design",
    )
    found = calls(folder / "vivado.tcl", *steps, "report_utilization", "report_timing_summary", "write_checkpoint")
    names = [words[0] for words in found]
    assert [name for name in names if name.endswith("_design")] == list(steps[2:])
    for words in found:
        if words[0].startswith("read"):
            assert (folder / words[-1].rpartition("/")[2]).is_file()
        if words[0] == "synth_design":
            assert words[words.index("-top") + 1] == manifest.top and "out_of_context" in words
    assert ("read_xdc" in names) == (manifest.clock is not None)


def test_constraints_name_ports_that_exist(project):
    folder, manifest = project
    constraints = [folder / f"tiny.{kind}" for kind in ("xdc", "sdc")]
    assert all(path.is_file() == (manifest.clock is not None) for path in constraints)
    for path in constraints if manifest.clock else []:
        found = calls(path, "create_clock", "get_ports", "derive_clock_uncertainty")
        assert [words[1:] for words in found if words[0] == "get_ports"] == [(manifest.clock,)]
        assert "2" in next(words for words in found if words[0] == "create_clock")


def test_quartus_makes_a_virtual_pin_of_every_port_but_the_clock(project):
    folder, manifest = project
    assignments = ("set_global_assignment", "set_instance_assignment")
    found = calls(
        folder / "quartus.tcl", *assignments, "project_new", "export_assignments", "execute_flow", "project_close"
    )
    virtual = {words[-1] for words in found if words[0] == "set_instance_assignment"}
    assert virtual == {port.name for port in manifest.ports} - {manifest.clock}
    files = [words[-1] for words in found if words[0] == "set_global_assignment" and words[2].endswith("_FILE")]
    assert files and all((folder / name.rpartition("/")[2]).is_file() for name in files)


def test_core_file_lists_files_that_exist(project):
    folder, manifest = project
    text = (folder / "tiny.core").read_text()
    assert text.startswith("CAPI=2:\n")
    core = yaml.safe_load(text)
    assert core["targets"]["default"]["toplevel"] == Manifest.read(folder.parent / "v").top
    for target in core["targets"].values():
        for fileset in target["filesets"]:
            assert all((folder / name).is_file() for name in core["filesets"][fileset]["files"])
    assert ("constraints" in core["filesets"]) == (manifest.clock is not None)
