import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.designs import edit_manifest, edit_verilog, emit_random, ties
from warp2hdl.backends.manifest import Manifest
from warp2hdl.errors import ConfigError, DataError, FormatError, MismatchError, ToolError, ToolTimeoutError
from warp2hdl.sim.checker import Mismatch
from warp2hdl.sim.runner import CosimResult, cosimulate, run_bench

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

ONE_LAYER_OF_EACH_ARITY = [(40, 1), (40, 2), (40, 3), (40, 4), (40, 5), (60, 6)]
MIXED = (1, 2, 3, 4, 5, 6)


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """A folder with every arity in six layers and features of every width, and where it is built."""
    folder = tmp_path_factory.mktemp("design")
    circuit, words = emit_random(folder / "out", 1, layers=ONE_LAYER_OF_EACH_ARITY, classes=10, vectors=500)
    assert ties(circuit, words) > 20
    cosimulate(folder / "out", count=1, build_dir=folder / "build")
    return folder / "out", folder / "build"


@pytest.fixture
def copy(design, tmp_path):
    return shutil.copytree(design[0], tmp_path / "copy")


def test_every_arity_in_six_layers_with_labels(design):
    folder, build_dir = design
    progress = []
    result = cosimulate(folder, build_dir=build_dir, progress=lambda done, total: progress.append((done, total)))
    assert (result.vectors, result.mismatches, result.first_mismatch) == (500, 0, None)
    assert result.accuracy == 499 / 500
    assert 500 / 0.7 * 0.85 < result.cycles - 4 * (Manifest.read(folder).latency_cycles + 8) < 500 / 0.7 * 1.15
    assert result.build_seconds > 0
    assert result.run_seconds > 0
    assert progress[-1] == (500, 500)
    assert progress == sorted(progress)
    result.require_match()


def test_an_earlier_build_is_used_again_and_seeds_and_gaps_do_not_matter(design):
    folder, build_dir = design
    built = (build_dir / "simulation").stat().st_mtime_ns
    for seed, gap in [(1, 0.0), (2, 0.8)]:
        result = cosimulate(folder, vectors="random", count=100, seed=seed, gap_probability=gap, build_dir=build_dir)
        assert (result.vectors, result.mismatches, result.accuracy) == (100, 0, None)
    assert (build_dir / "simulation").stat().st_mtime_ns == built


def test_a_wrong_latency_in_the_manifest_is_found(design, copy):
    latency = Manifest.read(copy).latency_cycles
    edit_manifest(copy, latency_cycles=latency + 1)
    result = cosimulate(copy, count=50, build_dir=design[1])
    assert result.mismatches == 50
    assert result.first_mismatch == Mismatch(0, f"latency {latency + 1}", f"latency {latency}")


def test_users_can_run_their_own_bench(design, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    assert run_bench(design[0], "own_bench", build_dir=design[1]) == 1


def test_the_guide_quotes_the_example_that_is_tested():
    guide = (EXAMPLES.parent / "cosimulation.md").read_text()
    assert f"```python\n{(EXAMPLES / 'own_bench.py').read_text()}```" in guide


def test_the_users_settings_for_other_benches_do_not_matter(design, monkeypatch):
    monkeypatch.setenv("COCOTB_TEST_FILTER", "nothing_of_this_name")
    assert cosimulate(design[0], count=5, build_dir=design[1]).vectors == 5


def test_importing_the_runner_is_light():
    code = (
        "import sys, warp2hdl.sim.runner; "
        "print([name for name in ('torch', 'triton', 'amaranth', 'cocotb', 'llvmlite') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLES.parents[1], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_a_failing_bench_of_the_users_is_an_error_with_its_log(design, monkeypatch, tmp_path):
    (tmp_path / "bad_bench.py").write_text(
        "import cocotb\n@cocotb.test()\nasync def fails(dut):\n    assert len(dut.clk) == 7, 'seven clocks'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ToolError, match=r"^1 of 1 tests of the cocotb bench bad_bench failed\.$") as caught:
        run_bench(design[0], "bad_bench", build_dir=design[1])
    assert "seven clocks" in caught.value.output


@pytest.mark.parametrize(
    ("classes", "layers", "skips", "options"),
    [
        (100, [(60, MIXED), (300, MIXED)], True, {"levels_per_stage": 3, "with_scores": False}),
        (3, [(30, MIXED), (30, MIXED), (30, MIXED)], False, {"interface": "raw"}),
        (2, [(40, 6)], False, {"levels_per_stage": 0}),
    ],
    ids=["100 classes without scores", "3 classes, raw", "2 classes, output registers alone"],
)
def test_random_circuits_match(tmp_path, classes, layers, skips, options):
    circuit, words = emit_random(
        tmp_path / "out", classes, layers=layers, classes=classes, skips=skips, options=options
    )
    assert ties(circuit, words) > 0
    result = cosimulate(tmp_path / "out")
    assert (result.vectors, result.mismatches, result.accuracy) == (200, 0, 199 / 200)


def test_a_flipped_output_is_found(copy):
    edit_verilog(copy, r"(module random_layer_6 .*?stage_1 <= \{)(n\d+)", r"\1~\2")
    result = cosimulate(copy, count=60)
    assert result.mismatches == 60
    vector, expected, actual = result.first_mismatch
    assert vector == 0
    assert expected != actual
    with pytest.raises(MismatchError) as caught:
        result.require_match()
    assert str(caught.value) == (
        "The hardware differs from the reference in 60 of 60 vectors; "
        f"the first is vector 0: expected {expected}, got {actual}."
    )


def test_a_dropped_register_is_found(copy):
    edit_verilog(copy, r"(module random_popcount_0 .*?stage_4 <= )stage_3", r"\1stage_2")
    assert cosimulate(copy, count=60).mismatches > 20


def test_a_reset_that_does_nothing_is_found(copy):
    edit_verilog(copy, r"valid <= rst \? \d+'h0+ :", "valid <=")
    result = cosimulate(copy, count=60)
    # What was offered during reset comes out first, and is too much.
    assert result.mismatches > 60


def test_verilog_that_does_not_build_is_a_tool_error(copy):
    edit_verilog(copy, r"\bendmodule", "endmodul")
    with pytest.raises(ToolError, match=r"^verilator failed with exit code 1: %Error: .*random\.v:\d+") as caught:
        cosimulate(copy, count=1)
    assert "syntax error" in caught.value.output


def test_a_build_that_takes_too_long_is_stopped(copy):
    edit_verilog(copy, r"\n", "\n\n")
    with pytest.raises(ToolTimeoutError, match=r"^verilator was stopped after 0\.01 seconds"):
        cosimulate(copy, count=1, timeout_seconds=0.01)


def test_a_simulation_that_hangs_is_stopped(design, monkeypatch, tmp_path):
    (tmp_path / "hanging_bench.py").write_text(
        "import time\nimport cocotb\n@cocotb.test()\nasync def hangs(dut):\n    time.sleep(60)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ToolTimeoutError, match=r"^simulation was stopped after 2 seconds"):
        run_bench(design[0], "hanging_bench", build_dir=design[1], timeout_seconds=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vectors": "all"}, "--vectors is 'all'; it must be test or random."),
        ({"count": 0}, "--count is 0; it must be at least 1."),
        ({"gap_probability": 1.0}, "gap_probability is 1.0; it must be 0 up to less than 1."),
    ],
)
def test_bad_options_are_refused(design, options, message):
    with pytest.raises(ConfigError) as caught:
        cosimulate(design[0], **options)
    assert str(caught.value) == message


def test_a_folder_without_test_vectors(copy):
    # A file that the manifest does not list belongs to another design.
    files = Manifest.read(copy, check_files=False).files
    edit_manifest(copy, files={name: value for name, value in files.items() if name != "vectors.npz"})
    with pytest.raises(DataError, match="use --vectors random, or emit it again"):
        cosimulate(copy)


def test_a_foreign_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"manifest\.json does not exist"):
        cosimulate(tmp_path)


def test_a_match_raises_nothing():
    CosimResult(1, 0, None, 1, 0.0, 0.0, None).require_match()


@pytest.mark.long
@pytest.mark.parametrize("depth", range(1, 7))
@pytest.mark.parametrize("classes", [2, 3, 10, 100])
def test_sweep(tmp_path, depth, classes):
    """Every arity at every depth, all class counts, both interfaces, with and without scores and long wires."""
    seed = 10 * classes + depth
    arities = [1 + (seed + layer) % 6 for layer in range(depth)] if depth % 2 else [MIXED] * depth
    layers = [(50, arity) for arity in arities[:-1]] + [(3 * classes, arities[-1])]
    options = {
        "interface": "raw" if (depth + classes) % 3 == 0 else "stream",
        "levels_per_stage": depth % 4,
        "with_scores": depth != 3,
    }
    circuit, words = emit_random(
        tmp_path / "out", seed, layers=layers, classes=classes, skips=depth > 3, vectors=2000, options=options
    )
    if depth <= 3:  # long wires come with groups of different sizes, which seldom tie
        assert ties(circuit, words) > 0
    result = cosimulate(tmp_path / "out", seed=seed)
    assert (result.vectors, result.mismatches) == (2000, 0)
