import numpy as np

from warp2hdl.sim.checker import Mismatch
from warp2hdl.sim.job import Job, Outcome, Stimulus, progress_file, read_job, read_outcome, write_job, write_outcome

JOB = Job("stream", 7, 4, True, 0.25, 3)
STIMULUS = Stimulus(np.array([[1, 2], [3, 4]], np.uint8), np.array([[5, 6, 7], [8, 9, 10]]))


def test_a_job_comes_back_as_it_was(tmp_path):
    write_job(tmp_path, JOB, STIMULUS)
    job, stimulus = read_job(tmp_path)
    assert job == JOB
    for got, expected in zip(stimulus, STIMULUS, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_an_outcome_comes_back_as_it_was(tmp_path):
    for first in (None, Mismatch(3, "class 1", "no result")):
        outcome = Outcome(100, 1, first, [0, -1, 2])
        write_outcome(tmp_path, outcome)
        assert read_outcome(tmp_path) == outcome


def test_a_new_job_forgets_the_outcome_of_an_earlier_one(tmp_path):
    write_outcome(tmp_path, Outcome(1, 0, None, [0]))
    progress_file(tmp_path).write_text("256")
    write_job(tmp_path, JOB, STIMULUS)
    assert read_outcome(tmp_path) is None
    assert not progress_file(tmp_path).exists()
