"""A job's beginnings, and the queue that gives one up from its middle."""

from __future__ import annotations

import random

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import SUBMITTED, Job, JobQueue, own_ttl
from geartrain.engine.model.policies import Policy

FUNCTION = Function(b"f", Policy())


def new_jobs(count: int) -> list[Job]:
    return [Job(FUNCTION, b"", b"%d" % number, [], 1) for number in range(count)]


def queue_of(jobs: list[Job]) -> JobQueue:
    queue = JobQueue()
    for job in jobs:
        queue.push(job)
    return queue


def test_a_job_begins_without_handle_worker_and_clients() -> None:
    job = Job(FUNCTION, b"unique", b"work", [b"load"], 2)
    assert (job.function, job.unique, job.priority) == (FUNCTION, b"unique", 2)
    assert (job.workload, job.more) == (b"work", [b"load"])
    assert (job.handle, job.key, job.reducer) == (b"", b"", b"")
    assert (job.worker, job.clients()) == (None, [])
    assert (job.state, job.background, job.failures) == (SUBMITTED, False, None)
    assert (job.number, job.batch, job.record) == (0, 0, None)
    assert job.size == len(b"workload")
    assert (job.numerator, job.denominator) == (b"0", b"0")


def pop(queue: JobQueue) -> Job | None:
    """Take the job at the head, if there is one."""
    job = queue.head()
    if job is not None:
        queue.remove(job)
    return job


def test_an_empty_queue_has_nothing_to_pop() -> None:
    queue = JobQueue()
    assert pop(queue) is None
    assert queue.jobs() == []
    assert len(queue) == queue.size() == 0


def test_jobs_leave_in_the_order_they_came() -> None:
    jobs = new_jobs(3)
    queue = queue_of(jobs)
    assert queue.jobs() == jobs
    assert [pop(queue), pop(queue), pop(queue), pop(queue)] == [*jobs, None]


def test_a_queue_counts_its_jobs() -> None:
    queue = queue_of(new_jobs(3))
    pop(queue)
    assert len(queue) == queue.size() == 2


def test_a_queue_knows_the_bytes_of_its_workloads() -> None:
    queue = queue_of(new_jobs(11))
    assert queue.workload() == 12
    pop(queue)
    queue.remove(queue.jobs()[-1])
    assert queue.workload() == 9


def test_head_middle_and_tail_can_be_removed() -> None:
    for place in range(3):
        jobs = new_jobs(3)
        queue = queue_of(jobs)
        queue.remove(jobs.pop(place))
        assert queue.jobs() == jobs
        assert len(queue) == 2


def test_the_only_job_can_be_removed() -> None:
    job = new_jobs(1)[0]
    queue = queue_of([job])
    queue.remove(job)
    assert queue.jobs() == []
    queue.push(job)
    assert queue.jobs() == [job]


def test_a_job_can_return_to_the_tail() -> None:
    first, second = new_jobs(2)
    queue = queue_of([first, second])
    queue.remove(first)
    queue.push(first)
    assert queue.jobs() == [second, first]


def test_any_mixture_of_pushes_pops_and_removals_keeps_the_order() -> None:
    choose = random.Random(4730)
    queue = JobQueue()
    expected: list[Job] = []
    for job in new_jobs(500):
        queue.push(job)
        expected.append(job)
        if choose.random() < 0.4:
            assert pop(queue) is expected.pop(0)
        elif choose.random() < 0.7:
            queue.remove(expected.pop(choose.randrange(len(expected))))
        assert queue.jobs() == expected
        assert queue.size() == len(expected)


def test_the_first_without_a_time_to_live_is_known_whatever_comes_and_goes() -> None:
    choose = random.Random(4730)
    queue = JobQueue()
    expected: list[Job] = []
    for job in new_jobs(500):
        job.options = choose.choice([b"", b"ttl=5", b"ttl=0", b"max_attempts=2"])
        queue.push(job)
        expected.append(job)
        if choose.random() < 0.7:
            queue.remove(expected.pop(choose.randrange(len(expected))))
        without = [each for each in expected if own_ttl(each) < 0]
        assert queue.first_without_ttl() is (without[0] if without else None)
