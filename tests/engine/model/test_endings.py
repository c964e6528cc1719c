"""What became of a job, and by whom."""

from __future__ import annotations

from geartrain.engine.endings import STATUSES, failures_of
from geartrain.engine.model.endings import ending_of
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import Policy
from geartrain.engine.records import Failures
from geartrain.engine.results import DEAD, SUCCEEDED


def job() -> Job:
    return Job(Function(b"f", Policy()), b"u", b"workload", [], 0)


def test_what_is_told_of_a_job_that_never_ran() -> None:
    made = ending_of(job(), SUCCEEDED, 5.0)
    assert (made.function, made.unique, made.priority, made.size) == (b"f", b"u", 0, 8)
    assert (made.who(), made.error(), made.started) == (b"", b"", 0.0)
    assert failures_of(made).attempts == 0


def test_what_is_told_of_one_that_failed() -> None:
    failed = job()
    failed.failures = Failures()
    failed.failures.worker = b"w1 ::1"
    failed.failures.error = b"no space"
    failed.failures.started = 3.0
    made = ending_of(failed, DEAD, 5.0)
    assert (made.who(), made.error(), made.started) == (b"w1 ::1", b"no space", 3.0)
    assert failures_of(made) is failed.failures
    assert DEAD in STATUSES
