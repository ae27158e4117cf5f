import signal
import subprocess
import sys

import pytest

from tests.distributions import TREE

# A library that swallows whatever comes while the signal arrives, then a step of progress.
PROGRAM = """
import os, signal, sys
from warp2hdl.cli import interrupt
from warp2hdl.cli.console import progress
{before}
interrupt.install()
with progress("working") as shown:
    try:
        os.kill(os.getpid(), {number})
        print("not raised")
    except BaseException as error:
        print("swallowed", type(error).__name__)
    try:
        shown.update(1, 2)
        print("went on")
    except BaseException as error:
        print("raised", type(error).__name__, getattr(error, "code", None))
"""


def run(number, before="signal.signal(signal.SIGINT, signal.default_int_handler)"):
    program = PROGRAM.format(number=int(number), before=before)
    done = subprocess.run([sys.executable, "-c", program], cwd=TREE, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("number", "name", "code"), [(signal.SIGINT, "KeyboardInterrupt", None), (signal.SIGTERM, "SystemExit", 143)]
)
def test_a_swallowed_signal_is_raised_again(number, name, code):
    assert run(number) == [f"swallowed {name}", f"raised {name} {code}"]


def test_an_ignored_signal_stays_ignored():
    assert run(signal.SIGINT, "signal.signal(signal.SIGINT, signal.SIG_IGN)") == ["not raised", "went on"]
