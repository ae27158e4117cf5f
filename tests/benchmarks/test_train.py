"""The comparison of training steps: its summary, and contestants that cannot be measured."""

import json
import subprocess
import sys

import pytest

from benchmarks.peers import training
from benchmarks.train import Contestant, summarise
from tests.distributions import TREE

FIGURES = {"cpu_ms_per_step": 8.0, "wall_ms_per_step": 9.0, "peak_mb": 50.0, "process_peak_mb": 400.0}


def run_of(number, arity, contestant, cpu, wall, peak=50.0):
    costs = {"cpu_ms_per_step": cpu, "wall_ms_per_step": wall, "peak_mb": peak, "process_peak_mb": peak + 300}
    return {"round": number, "arity": arity, "contestant": contestant} | costs


def contestant(program, *, arities=(), python=sys.executable):
    return Contestant("it", (python, "-c", program), 1, 2, arities)


def test_ratios_are_those_of_the_same_round():
    # The machine was three times slower in the second round, which the ratios do not notice.
    runs = [
        run_of(1, 2, "warp2hdl", 10, 12),
        run_of(1, 2, "slow", 40, 60, peak=70),
        run_of(2, 2, "warp2hdl", 30, 36),
        run_of(2, 2, "slow", 120, 180, peak=60),
    ]
    ours, slow = summarise(runs)
    assert (ours["contestant"], ours["cpu_ratio"], ours["wall_ratio"]) == ("warp2hdl", 1, 1)
    assert slow == {
        "arity": 2,
        "contestant": "slow",
        "rounds": 2,
        "cpu_ms_per_step": 80,
        "cpu_ms_range": [40, 120],
        "wall_ms_per_step": 120,
        "peak_mb": 70,
        "process_peak_mb": 370,
        "cpu_ratio": 4,
        "wall_ratio": 5,
    }


def test_arities_are_apart_and_what_is_missing_says_why():
    runs = [
        run_of(1, 2, "warp2hdl", 10, 10),
        run_of(1, 4, "warp2hdl", 20, 20),
        run_of(1, 4, "peer", 60, 60),
        {"round": 1, "arity": 2, "contestant": "peer", "not_measured": "no interpreter was given"},
        {"round": 2, "arity": 4, "contestant": "peer", "not_measured": "it took longer than 1 s"},
    ]
    rows = {(row["arity"], row["contestant"]): row for row in summarise(runs)}
    assert rows[2, "peer"] == {"arity": 2, "contestant": "peer", "not_measured": "no interpreter was given"}
    assert (rows[4, "peer"]["rounds"], rows[4, "peer"]["cpu_ratio"]) == (1, 3)


def test_figures_stand_without_a_ratio_where_warp2hdl_failed():
    (_, row) = summarise(
        [
            {"round": 1, "arity": 2, "contestant": "warp2hdl", "not_measured": "it failed"},
            run_of(1, 2, "peer", 60, 60),
        ]
    )
    assert row["cpu_ms_per_step"] == 60 and "cpu_ratio" not in row


def test_contestant_gets_the_network_and_its_threads():
    program = "import json, os, sys; print('noise'); print(json.dumps([sys.argv[1:], os.environ['OMP_NUM_THREADS']]))"
    words, threads = contestant(program).run(["--inputs", "5"], 4, 60)
    assert words == ["--inputs", "5", "--arity", "4", "--threads", "1", "--steps", "2"]
    assert threads == "1"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Contestant("it", None, 1, 2), "no interpreter was given"),
        (contestant("", arities=(2,)), "it has no nodes of 4 inputs"),
        (contestant("", python="/no/such/python"), "the interpreter does not start: No such file or directory"),
        (contestant("import no_such_peer"), "ModuleNotFoundError: No module named 'no_such_peer'"),
        (contestant("raise OSError('cannot open /home/someone/file')"), "OSError: cannot open ..."),
        (contestant("import time; time.sleep(9)"), "it took longer than 1 s"),
    ],
)
def test_what_cannot_be_measured_says_why_and_names_no_folder(found, reason):
    assert found.run([], 4, 1 if "longer" in reason else 60) == {"not_measured": reason}


def test_peers_are_measured_by_the_code_that_measures_warp2hdl(capsys):
    import torch

    words = ["--layers", "6,4", "--inputs", "5", "--classes", "2", "--batch", "3", "--steps", "1", "--blocks", "2"]
    chosen = training.options(None).parse_args(words)
    assert training.widths(chosen) == [(5, 6), (6, 4)]
    training.measure(chosen, lambda: torch.nn.Linear(5, 2), ["torch"], "as a test")
    found = json.loads(capsys.readouterr().out)
    assert set(FIGURES) <= set(found)
    assert (found["batch"], found["threads"], found["notes"]) == (3, 1, "as a test")
    assert found["versions"] == {"torch": torch.__version__}


@pytest.mark.parametrize("script", ["torchlogix_step", "difflogic_step"])
def test_peer_that_is_not_installed_ends_in_a_sentence(script):
    blocked = (
        f"import sys; sys.modules['torchlogix'] = sys.modules['difflogic'] = None; import benchmarks.peers.{script}"
    )
    done = subprocess.run([sys.executable, "-c", blocked], cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError")
