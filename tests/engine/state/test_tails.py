"""The last data of jobs: kept while somebody looks, bounded, and forgotten."""

from __future__ import annotations

from geartrain.engine.model.collected import Collected
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import Policy
from geartrain.engine.state.tails import MOST_TAIL, Tails


def running(number: int = 1, started: float = 1.0) -> Job:
    job = Job(Function(b"f", Policy()), b"", b"", [], 1)
    job.handle = b"H:test:%d" % number
    job.started = started
    return job


def test_nothing_is_kept_of_a_job_that_nobody_looks_at() -> None:
    tails, job = Tails(), running()
    assert tails.look(job.handle, None, 0.0) is None
    assert not tails.is_on
    tails.look(b"H:test:2", running(2), 0.0)
    tails.add(job, b"data", [], 0.0)
    found = tails.look(job.handle, job, 0.0)
    assert found is not None
    assert (found.data, found.size) == (b"", 0)


def test_the_end_of_large_data_is_kept() -> None:
    tails, job = Tails(), running()
    tails.look(job.handle, job, 0.0)
    tails.add(job, b"a" * 10, [b"b" * 100_000, b"c" * 3], 0.0)
    found = tails.look(job.handle, job, 0.0)
    assert found is not None
    assert found.data == b"b" * (MOST_TAIL - 3) + b"ccc"
    assert found.size == 100_013


def test_another_attempt_begins_with_another_tail() -> None:
    tails = Tails()
    tails.look(b"H:test:1", running(), 0.0)
    tails.add(running(), b"first", [], 0.0)
    tails.add(running(started=2.0), b"second", [], 0.0)
    found = tails.look(b"H:test:1", None, 0.0)
    assert found is not None
    assert (found.data, found.started) == (b"second", 2.0)


def test_what_is_collected_anyway_is_seen_by_who_comes_late() -> None:
    job = running()
    job.collected = Collected(1000)
    job.collected.add(b"early", [])
    found = Tails().look(job.handle, job, 0.0)
    assert found is not None
    assert (found.data, found.size) == (b"early", 5)


def test_it_is_forgotten_when_nobody_looks_any_more() -> None:
    tails, job = Tails(), running()
    tails.look(job.handle, job, 0.0)
    tails.add(job, b"data", [], 10.0)
    seen = [tails.is_on]
    tails.add(job, b"data", [], 30.0)
    seen.append(tails.is_on)
    assert seen == [True, False]
    assert tails.look(job.handle, None, 30.0) is None


def test_a_bounded_number_of_jobs_is_looked_at() -> None:
    tails = Tails()
    for number in range(250):
        tails.look(b"H:test:%d" % number, running(number), 0.0)
    assert tails.look(b"H:test:0", None, 0.0) is None
    assert tails.look(b"H:test:60", None, 0.0) is not None
